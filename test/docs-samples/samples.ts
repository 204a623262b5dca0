import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** One block of TypeScript in a page. */
export interface Sample {
  /** `docs/tokens.md` */
  readonly page: string
  /** Where its first line of code is, from 1. */
  readonly line: number
  readonly code: string
  /** Whether it says of itself that it is only a part of something. */
  readonly isFragment: boolean
  /** The file that its first line says it is, such as `src/api.ts`: it stands beside the other files of its page. */
  readonly file: string | undefined
}

/** Every page that people read. */
export const pages = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))].map((name) =>
  name === name.toUpperCase().replace('.MD', '.md') ? name : `docs/${name}`,
)

export function samplesOf(page: string): readonly Sample[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^( *)```ts([^\n]*)\n([^]*?)^\1```/gm)].map(({ index, 1: indent = '', 2: info = '', 3: block = '' }) => {
    const code = block
      .split('\n')
      .map((line) => line.slice(indent.length))
      .join('\n')
    return {
      page,
      line: text.slice(0, index).split('\n').length + 1,
      code,
      isFragment: info.trim() === 'fragment',
      file: /^\/\/ ((?:src|test)\/[\w./-]+\.ts)$/m.exec(code.split('\n', 1)[0] ?? '')?.[1],
    }
  })
}

/** What the names that a sample uses and does not declare may come from: module specifiers, each with its names, the nearest first. */
export type Sources = readonly (readonly [specifier: string, names: ReadonlySet<string>])[]

/** The names that a module's source exports. */
export function exportedNames(source: string): ReadonlySet<string> {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list = '']) => list.split(','))
  const declared = [...source.matchAll(/^export (?:declare )?(?:abstract )?(?:async )?(?:const|class|function|interface|type) (\w+)/gm)]
  return new Set(
    [...lists.map((name) => name.split(' as ').at(-1)?.trim() ?? ''), ...declared.map(([, name = '']) => name)].filter(
      (name) => name !== '',
    ),
  )
}

/**
 * A sample as a module: what it takes from where it stands is imported on its first line, and members of a class stand in a class, so that
 * the second line of the module is the first of the sample.
 */
export function moduleOf({ code }: Sample, sources: Sources): string {
  const member = code.search(/^@(?:Get|Post|Put|Patch|Delete)\(/m)
  const whole = member < 0 ? code : `${code.slice(0, member)}export class Members extends OrdersController { ${code.slice(member)}}`
  const own = declaredNames(code)
  const missing = new Set(usedNames(whole).filter((name) => !own.has(name)))
  const imports = sources.map(([specifier, names]) => {
    const taken = [...missing].filter((name) => names.has(name))
    for (const name of taken) missing.delete(name)
    return taken.length === 0 ? '' : `import { ${taken.join(', ')} } from '${specifier}'; `
  })
  return `${imports.join('')}export {}\n${whole}`
}

function usedNames(code: string): readonly string[] {
  const plain = code.replaceAll(/\/\/[^\n]*|'[^'\n]*'/g, '')
  return [...new Set([...plain.matchAll(/(?<![\w$.#])[A-Za-z_]\w*/g)].map(([name]) => name))]
}

function declaredNames(code: string): ReadonlySet<string> {
  const single = [...code.matchAll(/^(?:export )?(?:abstract )?(?:async )?(?:const|let|class|function|interface|type) (\w+)/gm)]
  const several = [...code.matchAll(/^(?:export )?(?:const|import(?: type)?) (?:\w+, )?\{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(',').map(
      (name) =>
        name
          .split(/ as |:/)
          .at(-1)
          ?.trim() ?? '',
    ),
  )
  const whole = [...code.matchAll(/^import (?:\* as )?(\w+)(?:,| from)/gm)]
  return new Set([...single.map(([, name = '']) => name), ...several, ...whole.map(([, name = '']) => name)])
}
