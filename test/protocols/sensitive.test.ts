import { expect } from 'chai'
import { Redactor } from '../../lib/audit/redact.js'
import { Sensitive, sensitiveProperties } from '../../lib/sensitive.js'

describe('@Sensitive, compiled for either protocol', () => {
  class Contact {
    @Sensitive() phone = '555-hidden'
    name = 'carol'
  }

  class Customer extends Contact {
    @Sensitive() nickname = 'cc-hidden'
    other = new Contact()
    list = [new Contact()]
  }

  it('is inherited', () => {
    expect(sensitiveProperties(Customer)).to.have.members(['phone', 'nickname'])
    expect(sensitiveProperties(Contact)).to.deep.equal(['phone'])
  })

  it('masks at every depth, and what a conversion gives too', () => {
    class Converted extends Contact {
      toJSON() {
        return { phone: this.phone, name: this.name }
      }
    }
    const text = new Redactor().json({ customer: new Customer(), converted: new Converted() })
    expect(text).not.to.include('hidden')
    expect(text).to.include('carol')
  })
})
