// Performs the WebAuthn ceremony that a page asks for, and sends the answer with the page's form.
// Nothing else on these pages needs a script.
'use strict';
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  for (const element of all('[data-passkey-only]')) element.hidden = false;
  for (const element of all('[data-passkey-missing]')) element.hidden = true;

  const bytes = (text) => {
    const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  };
  const listed = (list) => (list || []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

  const creation = (json) => PublicKeyCredential.parseCreationOptionsFromJSON
    ? PublicKeyCredential.parseCreationOptionsFromJSON(json)
    : {
        ...json,
        challenge: bytes(json.challenge),
        user: { ...json.user, id: bytes(json.user.id) },
        excludeCredentials: listed(json.excludeCredentials),
      };
  const request = (json) => PublicKeyCredential.parseRequestOptionsFromJSON
    ? PublicKeyCredential.parseRequestOptionsFromJSON(json)
    : {
        ...json,
        challenge: bytes(json.challenge),
        allowCredentials: listed(json.allowCredentials),
      };
  const written = (credential) => {
    if (credential.toJSON) return credential.toJSON();
    const response = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  const form = document.querySelector('form[data-passkey]');
  if (!form) return;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    for (const element of all('[data-passkey-failed]')) element.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === 'create'
        ? await navigator.credentials.create({ publicKey: creation(options) })
        : await navigator.credentials.get({ publicKey: request(options) });
      form.elements.namedItem('credential').value = JSON.stringify(written(credential));
      form.submit();
    } catch {
      for (const element of all('[data-passkey-failed]')) element.hidden = false;
    }
  });
})();
