op-bad-request-title = Signing in is not possible
op-bad-request = The application you come from sent a faulty request. Go back to it and try again. If the error stays, contact those who run it.
op-detail = For finding the cause
