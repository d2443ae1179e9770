"""What the flow tests are written with: a real daemon, phones of plain Python sockets."""

from .audio import Audio, converse, fax, flows, place, relayed, reoffer, reported, stream, talk
from .crowd import Crowd
from .daemon import Daemon, free_port
from .digest import Credentials, challenges
from .manager import Manager
from .message import Message, sdp
from .phone import Call, Phone, connected, hang_up
from .wait import until

__all__ = ["Audio", "Call", "Credentials", "Crowd", "Daemon", "Manager", "Message", "Phone",
           "challenges", "connected", "converse", "fax", "flows", "free_port", "hang_up", "place",
           "relayed", "reoffer", "reported", "sdp", "stream", "talk", "until"]
