/** Functions, contexts and files of the product that are larger than one reading. */

import ts from 'typescript'
import type { SourceText } from './tracked-files.ts'

/** Lines of the body of a function, a method or a class. */
export const MAX_FUNCTION_LINES = 150
/** Members of a `…Context`, the interface in which a part receives the parts that it uses. */
export const MAX_CONTEXT_MEMBERS = 8
export const MAX_FILE_LINES = 400

export interface Oversized {
  path: string
  /** From 1. */
  line: number
  name: string
  /** Lines, or members. */
  size: number
}

export function findLongFunctions(file: SourceText): Oversized[] {
  if (countLines(file.text) <= MAX_FUNCTION_LINES) return []
  const tree = parse(file)
  const found: Oversized[] = []
  visit(tree, (node) => {
    const body = ts.isFunctionLike(node) && 'body' in node ? node.body : ts.isClassLike(node) ? node : undefined
    if (body === undefined) return
    const first = lineOf(tree, ts.isClassLike(node) ? node.getStart(tree) : body.getStart(tree))
    const size = lineOf(tree, body.getEnd()) - first + 1
    if (size > MAX_FUNCTION_LINES) found.push({ path: file.path, line: lineOf(tree, node.getStart(tree)), name: nameOf(node), size })
  })
  return found
}

export function findLargeContexts(file: SourceText): Oversized[] {
  if (!file.text.includes('Context')) return []
  const tree = parse(file)
  const found: Oversized[] = []
  visit(tree, (node) => {
    const isContext = (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) && node.name.text.endsWith('Context')
    if (!isContext) return
    const members = ts.isInterfaceDeclaration(node) ? node.members : ts.isTypeLiteralNode(node.type) ? node.type.members : []
    if (members.length <= MAX_CONTEXT_MEMBERS) return
    found.push({ path: file.path, line: lineOf(tree, node.getStart(tree)), name: node.name.text, size: members.length })
  })
  return found
}

export function findLongFiles({ path, text }: SourceText): Oversized[] {
  const size = countLines(text)
  return size > MAX_FILE_LINES ? [{ path, line: 1, name: path, size }] : []
}

const countLines = (text: string) => text.split('\n').length - 1

function parse({ path, text }: SourceText): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

function visit(node: ts.Node, each: (node: ts.Node) => void): void {
  each(node)
  ts.forEachChild(node, (child) => visit(child, each))
}

const lineOf = (tree: ts.SourceFile, position: number) => tree.getLineAndCharacterOfPosition(position).line + 1

/** Its own name, or that of the variable or member it is given to. */
function nameOf(node: ts.Node): string {
  const named = 'name' in node && node.name !== undefined ? node : node.parent
  const { name } = named as { name?: ts.Node }
  return name === undefined ? 'anonymous' : name.getText()
}
