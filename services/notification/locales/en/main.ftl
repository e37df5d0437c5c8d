hello = Hello,
footer = This e-mail was sent automatically. Please do not reply to it.
never-ask = We will never ask you for this code or for your password by e-mail or telephone.

registration-subject = Your registration code
registration-intro = confirm your e-mail address with this code:
code-lifetime = The code is valid for ten minutes.
registration-ignore = If you did not register, there is nothing you need to do.

password-reset-subject = Your code for a new password
password-reset-intro = set a new password with this code:
password-reset-ignore = If you did not ask for a new password, there is nothing you need to do; your old one remains valid.

already-registered-subject = You already have an account
already-registered-intro = somebody tried to open an account with your e-mail address. There already is one for this address.
already-registered-sign-in = Was it you? Then simply log in:
already-registered-ignore = If it was not you, there is nothing you need to do. Nothing about your account has changed.

letter-provided-subject = A new message is waiting in your postbox
letter-provided-intro = a new message is waiting for you in your postbox.
letter-reminder-subject = An unread message is waiting in your postbox
letter-reminder-intro = a message that you have not opened is still waiting in your postbox.
letter-level = To open it, you need the trust level “{ $level }”.
letter-link = Go to your postbox:
letter-no-content = To protect your data, this e-mail names neither sender nor content.

level-basic = basic registration
level-low = low
level-substantial = substantial
level-high = high
