import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { levelOf } from '../../lib/audit/vocabulary.js'

const listed = {
  INFO: `authn_login_success authn_login_successafterfail authn_password_change authn_token_created authn_token_revoked upload_complete upload_stored upload_delete session_created session_renewed session_expired session_logout`,
  WARN: `authn_login_fail authn_login_fail_max authn_login_lock authn_token_delete authz_change authz_admin crypt_decrypt_fail crypt_encrypt_fail excess_rate_limit_exceeded excess_sessions_exceeded input_validation_fail input_validation_discrete_fail malicious_excess_404 malicious_csrf malicious_csp_violation mcp_prompt_injection mcp_resource_exhaustion mcp_tool_poisoning privilege_permissions_changed sensitive_create sensitive_read sensitive_update sensitive_delete sys_startup sys_shutdown sys_restart sys_crash sys_monitor_disabled sys_monitor_enabled user_created user_updated user_archived user_deleted`,
  CRITICAL: `authn_password_change_fail authn_impossible_travel authn_token_reuse authz_fail upload_validation malicious_extraneous malicious_attack_tool malicious_sqli malicious_cors malicious_direct_reference sequence_fail session_use_after_expire`,
}

const events = Object.entries(listed).flatMap(([level, names]) => names.split(' ').map((event) => [event, level] as const))

describe('the vocabulary of security events', () => {
  it('has the 57 events of OWASP, each with its level', () => {
    expect(events).to.have.length(57)
    for (const [event, level] of events) expect(levelOf(event), event).to.equal(level)
  })

  it('is told of in the documentation, event by event', () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/records.md', import.meta.url)), 'utf8')
    for (const [event] of events) expect(page).to.contain(`\`${event}\``)
  })
})
