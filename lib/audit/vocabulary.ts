/** How grave an event is. */
export type EventLevel = 'INFO' | 'WARN' | 'CRITICAL'

/** The events of the OWASP Application Logging Vocabulary, by their level. */
const vocabulary = {
  INFO: [
    ...(['authn_login_success', 'authn_login_successafterfail', 'authn_password_change', 'authn_token_created'] as const),
    ...(['authn_token_revoked', 'upload_complete', 'upload_stored', 'upload_delete', 'session_created', 'session_renewed'] as const),
    ...(['session_expired', 'session_logout'] as const),
  ],
  WARN: [
    ...(['authn_login_fail', 'authn_login_fail_max', 'authn_login_lock', 'authn_token_delete', 'authz_change', 'authz_admin'] as const),
    ...(['crypt_decrypt_fail', 'crypt_encrypt_fail', 'excess_rate_limit_exceeded', 'excess_sessions_exceeded'] as const),
    ...(['input_validation_fail', 'input_validation_discrete_fail', 'malicious_excess_404', 'malicious_csrf'] as const),
    ...(['malicious_csp_violation', 'mcp_prompt_injection', 'mcp_resource_exhaustion', 'mcp_tool_poisoning'] as const),
    ...(['privilege_permissions_changed', 'sensitive_create', 'sensitive_read', 'sensitive_update', 'sensitive_delete'] as const),
    ...(['sys_startup', 'sys_shutdown', 'sys_restart', 'sys_crash', 'sys_monitor_disabled', 'sys_monitor_enabled'] as const),
    ...(['user_created', 'user_updated', 'user_archived', 'user_deleted'] as const),
  ],
  CRITICAL: [
    ...(['authn_password_change_fail', 'authn_impossible_travel', 'authn_token_reuse', 'authz_fail', 'upload_validation'] as const),
    ...(['malicious_extraneous', 'malicious_attack_tool', 'malicious_sqli', 'malicious_cors', 'malicious_direct_reference'] as const),
    ...(['sequence_fail', 'session_use_after_expire'] as const),
  ],
} as const

/** An event of the OWASP Application Logging Vocabulary. */
export type SecurityEvent = (typeof vocabulary)[EventLevel][number]

const levels: ReadonlyMap<string, EventLevel> = new Map(
  (['INFO', 'WARN', 'CRITICAL'] as const).flatMap((level) => vocabulary[level].map((event) => [event, level] as const)),
)

/** The level that the vocabulary gives an event; none for names that are not in it. */
export function levelOf(event: string): EventLevel | undefined {
  return levels.get(event)
}
