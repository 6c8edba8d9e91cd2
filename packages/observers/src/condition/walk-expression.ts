import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js'

/** The parts of an expression one level down. */
function partsOf({ exprKind }: Expr): readonly Expr[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand])
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args])
    case 'listExpr':
      return exprKind.value.elements
    case 'structExpr':
      return present(
        exprKind.value.entries.flatMap(({ keyKind, value }) => [
          keyKind.case === 'mapKey' ? keyKind.value : undefined,
          value,
        ]),
      )
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value
      return present([iterRange, accuInit, loopCondition, loopStep, result])
    }
    default:
      return []
  }
}

function present(exprs: readonly (Expr | undefined)[]): readonly Expr[] {
  return exprs.filter((each) => each !== undefined)
}

/** An expression and everything in it, each after what it is part of. */
export function everyPart(expr: Expr): readonly Expr[] {
  const all: Expr[] = [expr]
  for (let index = 0; index < all.length; index++) {
    const at = all[index]
    if (at !== undefined) all.push(...partsOf(at))
  }
  return all
}

/** How many levels an expression has. */
export function depthOf(expr: Expr): number {
  return 1 + partsOf(expr).reduce((deepest, each) => Math.max(deepest, depthOf(each)), 0)
}
