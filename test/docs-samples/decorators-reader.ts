export class OrderStore {
  page() {
    return { data: [{ id: '42', items: [{ sku: 'a', qty: 1, supplier: 'a secret' }], margin: 0.4 }], total: 1 }
  }
}
