def run(check, folder):
    pass
