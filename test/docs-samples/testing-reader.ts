import type { Api } from 'portcullis'
import type { TestIssuer } from 'portcullis/testing'

export declare const api: Api
export declare const issuer: TestIssuer
export declare const alice: { readonly id: string }
export declare const bob: { readonly id: string }
export declare const carol: { readonly id: string }
export declare function orderOf(person: { readonly id: string }): Promise<string>
