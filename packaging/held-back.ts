/** Why a package of development is not at its latest version. What is not named here is to be updated. */
export const heldBack: Readonly<Record<string, string>> = {
  oxlint: 'pinned, with oxlint-tsgolint, to versions that are built for every platform that we develop on',
  'oxlint-tsgolint': 'pinned, with oxlint, to versions that are built for every platform that we develop on',
  oxfmt: 'pinned to a version that is built for every platform that we develop on',
  '@types/node': 'of the oldest Node that is supported, so that nothing newer is used',
  '@types/koa-bodyparser': 'of the koa-bodyparser that the tests use; the tag of the latest lies behind',
  '@opentelemetry/api': 'of the OpenTelemetry SDK that the tests use, which takes nothing newer',
  express4: 'Express 4 is supported and tested besides 5',
  koa2: 'Koa 2 is supported and tested besides 3',
}
