// Sends the form of the page; without script its button does.
'use strict'
document.querySelector('form[data-auto-submit] button[type=submit]')?.click()
