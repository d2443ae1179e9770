/* The table of all configuration keys: one row a key, read by parser, checker, dump and manual. */
#include "server/config_table.h"

#include <stddef.h>
#include <string.h>

#define FIELD(member) offsetof(struct config, member)

const struct config_key config_keys[] = {
    {.name = "domain",
     .type = &config_names,
     .offset = FIELD(domains),
     .max = 10000,
     .check = config_check_domain,
     .effect = EFFECT_FIRST,
     .help = "Domains served: host names or numeric addresses. Numeric addresses of this host "
             "always are. Empty: the host's own name. The first is the one meant by commands that "
             "name none."},
    {.name = "listen",
     .type = &config_listens,
     .offset = FIELD(listens),
     .min = 1,
     .max = 64,
     .effect = EFFECT_RESTART,
     .help =
         "Where SIP is received: udp:, tcp: or tls:, then an IPv4 address or an IPv6 address in "
         "brackets, then a port (5060 when left out, of tls: 5061). Without this key: UDP and "
         "TCP on port 5060 of all addresses."},
    {.name = "database",
     .type = &config_text,
     .initial = LOCALSTATEDIR "/lib/offhook/offhook.db",
     .offset = FIELD(database),
     .min = 1,
     .max = 4000,
     .check = config_check_database,
     .effect = EFFECT_RESTART,
     .help = "The SQLite file that holds users and registrations. Its folder is made when it is "
             "missing, for keeper-user alone."},
    {.name = "control",
     .type = &config_text,
     .initial = RUNSTATEDIR "/offhook/control.sock",
     .offset = FIELD(control),
     .min = 1,
     .max = 100,
     .check = config_check_socket,
     .effect = EFFECT_RESTART,
     .help = "The socket through which offhook(1) speaks to the daemon."},
    {.name = "http",
     .type = &config_text,
     .initial = "127.0.0.1:8060",
     .max = 100,
     .effect = EFFECT_LATER,
     .help = "Address and port of the pages for operators."},
    {.name = "phone-http",
     .type = &config_text,
     .initial = "",
     .max = 100,
     .effect = EFFECT_LATER,
     .help = "Address and port of the pages for phones."},
    {.name = "tftp",
     .type = &config_text,
     .initial = "",
     .max = 100,
     .effect = EFFECT_LATER,
     .help = "Address and port that serve phone configuration by TFTP."},
    {.name = "tftp-allow",
     .type = &config_names,
     .initial = "",
     .max = 1000,
     .effect = EFFECT_LATER,
     .help = "Networks that may ask for phone configuration. Empty: the interface's own."},
    {.name = "workers",
     .type = &config_number,
     .initial = "1",
     .offset = FIELD(workers),
     .min = 1,
     .max = 32,
     .effect = EFFECT_RESTART,
     .help =
         "Threads of the sip role. Each holds a share of the connections and does their TLS; the "
         "first one alone receives datagrams and decides where requests go. One costs least per "
         "message; take more when it does not keep up, or for TLS."},
    {.name = "user",
     .type = &config_text,
     .initial = "offhook",
     .offset = FIELD(user),
     .min = 1,
     .max = 32,
     .check = config_check_account,
     .effect = EFFECT_RESTART,
     .help = "Account of the sip role when the daemon is started as root."},
    {.name = "keeper-user",
     .type = &config_text,
     .initial = "offhookdb",
     .offset = FIELD(keeper_user),
     .min = 1,
     .max = 32,
     .check = config_check_account,
     .effect = EFFECT_RESTART,
     .help = "Account of the keeper, which alone may read the database, when the daemon is "
             "started as root."},
    {.name = "sandbox",
     .type = &config_switch,
     .initial = "on",
     .offset = FIELD(sandbox),
     .effect = EFFECT_RESTART,
     .help = "Closes each role in an empty root without capabilities and with a list of permitted "
             "system calls. Off only for sanitizers and valgrind."},
    {.name = "emergency",
     .type = &config_names,
     .initial = "112 911",
     .offset = FIELD(emergency),
     .max = 100,
     .check = config_check_number,
     .effect = EFFECT_LIVE,
     .help = "Numbers that may be called in overload and beyond any rate, and are never forwarded "
             "elsewhere. Where a route leads to a gateway, registered phones and those behind "
             "their addresses may call them, and networks in guard.trusted; strangers may not."},

    {.section = "log",
     .name = "level",
     .type = &config_choice,
     .initial = "info",
     .offset = FIELD(log_level),
     .choices = "error warning info debug",
     .effect = EFFECT_LIVE,
     .help = "The least weight of a line that is logged."},

    {.section = "tls",
     .name = "certificate",
     .type = &config_text,
     .initial = "",
     .offset = FIELD(tls.certificate),
     .max = 4000,
     .check = config_check_file,
     .effect = EFFECT_LIVE,
     .help = "PEM file of the server's certificate, followed by those that lead to its authority. "
             "A tls: listener needs one. The file is read at the start and at each reload."},
    {.section = "tls",
     .name = "key",
     .type = &config_text,
     .initial = "",
     .offset = FIELD(tls.key),
     .max = 4000,
     .check = config_check_file,
     .effect = EFFECT_LIVE,
     .help = "PEM file of the certificate's private key, without a passphrase. Empty: it is in the "
             "file of the certificate."},
    {.section = "tls",
     .name = "ca",
     .type = &config_text,
     .initial = "",
     .offset = FIELD(tls.ca),
     .max = 4000,
     .check = config_check_file,
     .effect = EFFECT_LIVE,
     .help = "PEM file of the authorities that peers are checked against. Empty: those of the "
             "system."},
    {.section = "tls",
     .name = "verify-client",
     .type = &config_switch,
     .initial = "off",
     .offset = FIELD(tls.verify_client),
     .effect = EFFECT_LIVE,
     .help = "Over TLS, only lets in peers that show a certificate issued by tls.ca."},

    {.section = "auth",
     .name = "realm",
     .type = &config_text,
     .initial = "",
     .offset = FIELD(auth.realm),
     .max = 250,
     .check = config_check_realm,
     .effect = EFFECT_RESTART,
     .help = "Realm of digest authentication. Empty: the first domain. Passwords are stored for "
             "one realm; after a change they have to be set anew."},
    {.section = "auth",
     .name = "algorithms",
     .type = &config_algorithms,
     .initial = "SHA-256 MD5",
     .min = 1,
     .max = 3,
     .choices = "MD5 SHA-256 SHA-512-256",
     .effect = EFFECT_LIVE,
     .help = "Digest algorithms offered to phones."},
    {.section = "auth",
     .name = "qop",
     .type = &config_choice,
     .initial = "auto",
     .offset = FIELD(auth.qop),
     .choices = "auto always never",
     .effect = EFFECT_LIVE,
     .help = "Whether challenges offer qop. auto leaves it out for Cisco 79xx phones and peers of "
             "RFC 2543."},
    {.section = "auth",
     .name = "legacy",
     .type = &config_choice,
     .initial = "auto",
     .offset = FIELD(auth.legacy),
     .choices = "auto always never",
     .effect = EFFECT_LIVE,
     .help = "Who gets a single MD5 challenge with a short nonce. auto: Cisco 79xx phones and "
             "peers of RFC 2543."},
    {.section = "auth",
     .name = "nonce-lifetime",
     .type = &config_number,
     .initial = "300",
     .offset = FIELD(auth.nonce_lifetime),
     .min = 1,
     .max = 86400,
     .effect = EFFECT_LIVE,
     .help = "Seconds for which a nonce may be used. Only the last 262144 are remembered; older "
             "ones with qop are stale even before."},
    {.section = "auth",
     .name = "strangers",
     .type = &config_switch,
     .initial = "to-users",
     .offset = FIELD(auth.strangers),
     .choices = "to-users never",
     .effect = EFFECT_LIVE,
     .help = "Whether callers from other domains may call users here."},

    {.section = "registrar",
     .name = "default-expires",
     .type = &config_number,
     .initial = "3600",
     .offset = FIELD(registrar.default_expires),
     .min = 1,
     .max = 2592000,
     .effect = EFFECT_LIVE,
     .help = "Seconds that a registration holds when the phone asks for none."},
    {.section = "registrar",
     .name = "min-expires",
     .type = &config_number,
     .initial = "60",
     .offset = FIELD(registrar.min_expires),
     .min = 1,
     .max = 2592000,
     .effect = EFFECT_LIVE,
     .help = "The least number of seconds that is granted; below it the answer is 423."},
    {.section = "registrar",
     .name = "max-expires",
     .type = &config_number,
     .initial = "7200",
     .offset = FIELD(registrar.max_expires),
     .min = 1,
     .max = 2592000,
     .effect = EFFECT_LIVE,
     .help = "The greatest number of seconds that is granted."},
    {.section = "registrar",
     .name = "max-contacts",
     .type = &config_number,
     .initial = "10",
     .offset = FIELD(registrar.max_contacts),
     .min = 1,
     .max = 1000,
     .effect = EFFECT_LIVE,
     .help = "Phones that may be registered under one number at a time."},

    {.section = "dns",
     .name = "servers",
     .type = &config_names,
     .initial = "",
     .offset = FIELD(dns.servers),
     .max = 4,
     .check = config_check_name_server,
     .effect = EFFECT_RESTART,
     .help = "Name servers to ask: addresses, with a port where it is not 53. Empty: those of "
             "/etc/resolv.conf. Names in /etc/hosts are known without asking. Both files are read "
             "at the start."},

    {.section = "guard",
     .name = "users",
     .type = &config_number,
     .initial = "10",
     .offset = FIELD(guard.users),
     .max = 1000000,
     .effect = EFFECT_LIVE,
     .help = "Users whose passwords may be guessed wrongly from one address within an hour before "
             "it is banned. An address that phones are registered from, or from which somebody "
             "was right within the last hour, is not. 0: nobody is banned."},
    {.section = "guard",
     .name = "ban",
     .type = &config_number,
     .initial = "600",
     .offset = FIELD(guard.ban),
     .max = 31536000,
     .effect = EFFECT_LIVE,
     .help = "Seconds of a ban: nothing is taken from that address. 0: nobody is banned."},
    {.section = "guard",
     .name = "trusted",
     .type = &config_names,
     .initial = "",
     .offset = FIELD(guard.trusted),
     .max = 100,
     .check = config_check_network,
     .effect = EFFECT_LIVE,
     .help = "Networks that are never delayed, limited or banned: \"192.0.2.0/24\", "
             "\"2001:db8::/32\", or an address. Nothing is by default, not even this host."},

    {.section = "media",
     .name = "anchor",
     .type = &config_choice,
     .initial = "always",
     .offset = FIELD(media.anchor),
     .choices = "always nat never",
     .effect = EFFECT_LIVE,
     .help = "Whose audio passes through the server. nat: only that of calls in which a phone sits "
             "behind a NAT, or the phones speak IPv4 and IPv6. Holds for calls that begin."},
    {.section = "media",
     .name = "address",
     .type = &config_text,
     .initial = "",
     .offset = FIELD(media.address),
     .max = 100,
     .check = config_check_media_address,
     .effect = EFFECT_RESTART,
     .help = "Address that phones are told to send audio to, one for IPv4, one for IPv6, or both "
             "with a blank between them. Empty: the one that the phone's signalling comes to. It "
             "may be that of a NAT in front of this host."},
    {.section = "media",
     .name = "ports",
     .type = &config_text,
     .initial = "16384-32766",
     .offset = FIELD(media.ports),
     .min = 3,
     .max = 11,
     .check = config_check_ports,
     .effect = EFFECT_RESTART,
     .help =
         "UDP ports of audio, first-last. A call takes four of them. Ports of a former range stay "
         "with the calls that have them and serve no others."},
    {.section = "media",
     .name = "timeout",
     .type = &config_number,
     .initial = "120",
     .offset = FIELD(media.timeout),
     .min = 1,
     .max = 86400,
     .effect = EFFECT_LIVE,
     .help = "Seconds without audio from either side after which a call is ended. On hold it may "
             "be silent for 30 times as long."},
    {.section = "media",
     .name = "kernel",
     .type = &config_choice,
     .initial = "auto",
     .offset = FIELD(media.kernel),
     .choices = "auto always never",
     .effect = EFFECT_RESTART,
     .help =
         "Whether the kernel relays audio by itself, as soon as it is clear where it comes from "
         "and goes to. auto: if this kernel and the daemon's rights allow it; otherwise the "
         "log says why not. always: if they do not, the daemon does not start; audio that "
         "stays on this host (interface lo) goes by the kernel as well. never: all audio goes "
         "through the media role."},

    {.section = "phone",
     .name = "number",
     .type = &config_text,
     .initial = "",
     .max = 100,
     .effect = EFFECT_LATER,
     .help = "Number of a phone hosted in the daemon."},
    {.section = "phone",
     .name = "answer",
     .type = &config_text,
     .initial = "",
     .max = 100,
     .effect = EFFECT_LATER,
     .help = "What a hosted phone does with a call."},
};

const size_t config_key_count = sizeof config_keys / sizeof *config_keys;

static bool section_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

const struct config_key *config_key_find(const char *section, const char *name)
{
    for (size_t i = 0; i < config_key_count; i++)
        if (section_same(config_keys[i].section, section) && !strcmp(config_keys[i].name, name))
            return &config_keys[i];
    return NULL;
}

const char *config_key_path(const struct config_key *key, char buffer[64])
{
    snprintf(buffer, 64, "%s%s%s", key->section ? key->section : "", key->section ? "." : "",
             key->name);
    return buffer;
}

size_t config_later_index(const struct config_key *key)
{
    size_t index = 0;
    for (const struct config_key *k = config_keys; k < key; k++)
        index += k->effect == EFFECT_LATER;
    return index;
}

size_t config_later_count(void)
{
    return config_later_index(config_keys + config_key_count);
}
