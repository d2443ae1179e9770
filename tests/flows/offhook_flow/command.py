"""What became of a command of `offhook`."""


def done(result):
    """It has worked; returns what it printed."""
    assert result.returncode == 0, result
    return result.stdout


def failed(result, status=1):
    """It could not be done (2: was used wrongly); returns what stderr says of it, one line for 1."""
    assert result.returncode == status, result
    if status == 1:
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr
