/** What the demo's clients have to say. */
export const SENTENCES = [
  'The tide turns at half past nine',
  'Two ships wait outside the harbour',
  'Der Wind dreht auf Nordwest, Stärke 5',
  'The survey of the north bank is on its way',
  'Pouvez-vous voir le phare ?',
  'Light on pier 3 is out again',
  '港に霧が出ています',
  'Fog until noon, then clear 🌤',
  'Engine room reports all well',
];
