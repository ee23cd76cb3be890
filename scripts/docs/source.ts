/**
 * Reads the source for the generated tables: the docstrings of an interface's or a constant's members, and the values of constants that no
 * other file imports. Both are found by their names, wherever they stand.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDERS = ['node', 'gateway', 'browser']

/** Text of each source file, by path. Read once. */
let sources: Map<string, string> | undefined

function allSources(): Map<string, string> {
  sources ??= new Map(
    FOLDERS.flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
      .filter((path) => /\.tsx?$/.test(path) && !path.startsWith(join('browser', 'dist')))
      .map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]),
  )
  return sources
}

/** The one declaration of a name, or of `folder#NAME`; an exported one goes before others. @throws when there is none, or there are several */
function declarationOf(place: string): ts.InterfaceDeclaration | ts.VariableDeclaration {
  const [folder, name] = place.includes('#') ? place.split('#') : ['', place]
  const word = new RegExp(`^(export )?(interface|const) ${name}\\b`, 'm')
  const found = [...allSources()]
    .filter(([path, text]) => path.startsWith(folder ?? '') && word.test(text))
    .flatMap(([path, text]) => ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true).statements.flatMap(declarationsOf))
    .filter((node) => node.name.getText() === name)
  const exported = found.filter((node) => ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Export)
  const [declaration, ...more] = exported.length > 0 ? exported : found
  if (declaration === undefined || more.length > 0)
    throw new Error(`The documents (scripts/docs/limits.ts) need one ${place}, and the source has ${found.length}`)
  return declaration
}

function declarationsOf(statement: ts.Statement): (ts.InterfaceDeclaration | ts.VariableDeclaration)[] {
  if (ts.isInterfaceDeclaration(statement)) return [statement]
  return ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : []
}

/** By member: its docstring, on one line; empty when it has none. */
export function docstringsOf(name: string): Record<string, string> {
  const declaration = declarationOf(name)
  const members = ts.isInterfaceDeclaration(declaration) ? declaration.members : objectOf(declaration).properties
  return Object.fromEntries(members.map((member) => [member.name?.getText().replace(/^'|'$/g, '') ?? '', docstringOf(member)]))
}

function docstringOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc)?.comment
  return (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s+/g, ' ').trim()
}

function objectOf({ name, initializer }: ts.VariableDeclaration): ts.ObjectLiteralExpression {
  let value = initializer
  while (value !== undefined && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression
  if (value !== undefined && ts.isObjectLiteralExpression(value)) return value
  throw new Error(`The documents expect members in ${name.getText()}`)
}

/** The value of `NAME`, `NAME.member`, or of `folder#NAME`, where several folders have one: numbers and what is computed of them. */
export function numberOf(path: string): number {
  const [name = '', member] = path.split('.')
  const declaration = declarationOf(name)
  if (ts.isInterfaceDeclaration(declaration)) throw new Error(`${name} has no value`)
  if (member === undefined) return evaluate(declaration.initializer, path)
  const property = objectOf(declaration).properties.find((node) => node.name?.getText() === member)
  if (property === undefined || !ts.isPropertyAssignment(property)) throw new Error(`The documents need ${path}, which is not there`)
  return evaluate(property.initializer, path)
}

function evaluate(node: ts.Expression | undefined, path: string): number {
  if (node === undefined) throw new Error(`${path} has no value`)
  if (ts.isNumericLiteral(node)) return Number(node.text)
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return evaluate(node.expression, path)
  if (ts.isIdentifier(node)) return numberOf(node.text)
  if (ts.isPropertyAccessExpression(node)) return numberOf(node.getText())
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [evaluate(node.left, path), evaluate(node.right, path)]
    switch (node.operatorToken.kind) {
      case ts.SyntaxKind.PlusToken:
        return left + right
      case ts.SyntaxKind.AsteriskToken:
        return left * right
      case ts.SyntaxKind.SlashToken:
        return left / right
      case ts.SyntaxKind.AsteriskAsteriskToken:
        return left ** right
    }
  }
  throw new Error(`The documents cannot compute ${path}: ${node.getText()}`)
}
