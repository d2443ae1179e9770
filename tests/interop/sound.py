"""Sound in files: a tone to send, and whether somebody heard it."""

import array
import math
import wave

RATE = 8000  # Hz


def tone(path, seconds=20, loud=8000):
    """Writes a file with a tone of 440 Hz."""
    samples = array.array("h", (int(loud * math.sin(2 * math.pi * 440 * i / RATE))
                                for i in range(RATE)))
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(samples.tobytes() * seconds)


def heard(path):
    """Seconds of the file in which it is loud; 0 as long as it is being written."""
    try:
        with wave.open(str(path), "rb") as sound:
            samples = array.array("h", sound.readframes(sound.getnframes()))
            rate = sound.getframerate() * sound.getnchannels()
    except (OSError, EOFError, wave.Error):
        return 0
    return sum(abs(s) > 2000 for s in samples) / rate
