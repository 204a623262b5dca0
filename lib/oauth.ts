/**
 * OAuth 2.0: a server that gives tokens, logins in browsers, tokens for calling other APIs.
 *
 * @module portcullis/oauth
 */

export { authorizationServer } from './oauth/server/authorization-server.js'
export type { AuthorizationServerOptions, ServerLifetimes } from './oauth/server/authorization-server.js'
export { createClientSecret, hashClientSecret } from './oauth/server/client-secret.js'
export type { ClientSource, GrantType, OAuthClient } from './oauth/server/clients.js'
export type { AskedScope, BrowserSession, ConsentHook, LoginHook, Subject, Visit } from './oauth/server/interaction.js'
export { consentPage, loginPage } from './oauth/server/login-page.js'
export type { LoginPageOptions } from './oauth/server/login-page.js'
export { OAuthError } from './oauth/server/oauth-error.js'
export type { OAuthErrorCode } from './oauth/server/oauth-error.js'
export type { Resources } from './oauth/server/resources.js'
export { metadataUrl, protectedResource } from './oauth/protected-resource.js'
export type { ProtectedResourceOptions } from './oauth/protected-resource.js'
export { clientCredentials } from './oauth/client/client-credentials.js'
export type { ClientCredentialsOptions, TokenSource, TokenWish } from './oauth/client/client-credentials.js'
export type { ClientIdentity } from './oauth/client/client-identity.js'
export type { OAuthLoginOptions } from './oauth/client/login-options.js'
export { oauthLogin } from './oauth/client/oauth-login.js'
export type { OAuthLogin } from './oauth/client/oauth-login.js'
export { TokenRequestRefused } from './oauth/client/retry.js'
