/* The configuration: defaults, mistakes with their lines, dump, diff and the manual page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"

/* Lines that were told, one behind the other. */
static char told[65536];

static void tell(void *arg, const char *text)
{
    (void)arg;
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s\n", text);
}

static struct config *parse(const char *text)
{
    told[0] = '\0';
    return config_parse("f", text, strlen(text), tell, NULL);
}

static struct config *parse_right(const char *text)
{
    struct config *c = parse(text);
    if (!c)
        print_error("%s", told);
    assert_non_null(c);
    return c;
}

static void assert_refused(const char *text, const char *what)
{
    assert_null(parse(text));
    if (!strstr(told, what))
        print_error("for \"%s\":\n%s", text, told);
    assert_non_null(strstr(told, what));
}

static void empty_file_has_defaults(void **state)
{
    (void)state;
    struct config *c = parse_right("");
    assert_int_equal(c->domain_count, 1);
    assert_true(c->domains[0][0] != '\0');
    assert_string_equal(c->auth.realm, c->domains[0]);
    assert_int_equal(c->listen_count, 4);
    assert_true(c->listen_default);
    assert_string_equal(c->user, "offhook");
    assert_string_equal(c->keeper_user, "offhookdb");
    assert_true(c->sandbox && c->auth.md5 && c->auth.sha256 && c->auth.strangers);
    assert_false(c->auth.sha512_256);
    assert_int_equal(c->workers, 1);
    assert_int_equal(c->emergency_count, 2);
    assert_int_equal(c->log_level, LOG_LEVEL_INFO);
    assert_int_equal(c->registrar.default_expires, 3600);
    assert_int_equal(c->registrar.min_expires, 60);
    assert_int_equal(c->registrar.max_expires, 7200);
    assert_int_equal(c->registrar.max_contacts, 10);
    assert_int_equal(c->auth.nonce_lifetime, 300);
    config_free(c);
}

static void values_are_taken(void **state)
{
    (void)state;
    struct config *c = parse_right(
        "domain = {\"CompanyB.com\", \"2001:DB8::1\", 192.0.2.1}\n"
        "listen = {\"udp:127.0.0.1\", \"tcp:[::1]:5070\"}\n"
        "emergency = {}\n"
        "dns { servers = {\"192.0.2.53\", \"[2001:db8::53]:5353\"} }\n"
        "auth { algorithms = {SHA-512-256} qop = never strangers = never realm = \"a b\" }\n"
        "log { level = debug } sandbox = off // the end\n");
    assert_int_equal(c->domain_count, 3);
    assert_string_equal(c->domains[0], "companyb.com");
    assert_string_equal(c->domains[1], "[2001:db8::1]");
    assert_int_equal(c->listen_count, 2);
    assert_false(c->listen_default);
    const struct sockaddr_in *four = (const void *)&c->listens[0].address;
    const struct sockaddr_in6 *six = (const void *)&c->listens[1].address;
    assert_int_equal(ntohs(four->sin_port), 5060);
    assert_int_equal(ntohl(four->sin_addr.s_addr), INADDR_LOOPBACK);
    assert_int_equal(ntohs(six->sin6_port), 5070);
    assert_int_equal(c->listens[1].transport, LISTEN_TCP);
    assert_int_equal(c->emergency_count, 0);
    assert_int_equal(c->dns.server_count, 2);
    assert_string_equal(c->dns.servers[1], "[2001:db8::53]:5353");
    assert_true(c->auth.sha512_256 && !c->auth.md5 && !c->auth.sha256);
    assert_int_equal(c->auth.qop, AUTH_NEVER);
    assert_string_equal(c->auth.realm, "a b");
    assert_false(c->sandbox || c->auth.strangers);
    assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
    config_free(c);
}

static void mistakes_name_their_line(void **state)
{
    (void)state;
    assert_refused("# a\n/* b\nc */\nworkers = 33\n", "f:4: workers: ");
    assert_refused("\nlisten = {\"udp:[::]:5060\", \"tls:[::]:5061\"}",
                   "f:2: listen: tls: needs a certificate; write tls { certificate = \"FILE\" key "
                   "= \"FILE\" }");
    assert_refused("listen = \"sctp:[::]:5061\"", "begins with none of udp:, tcp: and tls:");
    assert_refused("tls {\n verify-client = on }", "f:2: tls.verify-client: needs tls.ca");
    assert_refused("tls { certificate = \"server.pem\" }", "is not the full path");
    assert_refused("listen = \"udp:host:5060\"", "f:1: listen: \"udp:host:5060\" has no numeric");
    assert_refused("listen = \"udp:1.2.3.4:0\"", "has no port from 1 to 65535");
    assert_refused("listen = \"udp:1.2.3.4:65536\"", "has no port from 1 to 65535");
    assert_refused("\nlisten = {}", "f:2: listen: is empty");
    assert_refused("listen = {\"udp:1.2.3.4\", \"udp:1.2.3.4:5060\"}", "is there twice");
    assert_refused("auth { algorithms = {} }", "auth.algorithms: is empty");
    assert_refused("auth {\n algorithms = {\"SHA-1\"} }",
                   "f:2: auth.algorithms: \"SHA-1\" is none");
    assert_refused("domain = \"a_b\"", "f:1: domain: \"a_b\" is neither");
    assert_refused("domain = \"1.2.3\"", "is neither");
    assert_refused("domain = \"a..b\"", "is neither");
    assert_refused("database = \"offhook.db\"", "is not the full path");
    assert_refused("database = \"postgresql://x\"", "PostgreSQL comes in a later version");
    assert_refused("registrar { max-contacts = 0 }", "is not a number from 1 to 1000");
    assert_refused("registrar { min-expires = 9000 }", "is more than max-expires");
    assert_refused("registrar { default-expires = 30 }", "is not from min-expires");
    assert_refused("dns { servers = {\"dns.example\"} }", "is not the address of a name server");
    assert_refused("user = \"\"", "user: may not be empty");
    assert_refused("domain = \"${HOME}\"", "f:1: \"${\" would stand for a variable");
    assert_refused("\n/* open", "f:2: the comment that begins here has no end");
    assert_refused("domain = \"open", "premature end of file");
    assert_refused("}", "unexpected closing brace");
}

static void unknown_keys_are_explained(void **state)
{
    (void)state;
    assert_refused("\nbogus = 1", "f:2: unknown key \"bogus\"");
    assert_refused("sandbx = on", "did you mean sandbox?");
    assert_refused("registra { }", "did you mean registrar {...}?");
    assert_refused("auth { realms = x }", "did you mean auth.realm?");
    assert_refused("max-expires = 3", "it belongs into registrar { }");
    assert_refused("auth { domain = x }", "it belongs outside of auth { }");
    assert_refused("auth|realm = x", "realm is written inside its section");
}

static void several_problems_are_told(void **state)
{
    (void)state;
    assert_null(parse("workers = 0\nsandbox = maybe\nregistrar { min-expires = x }\nbogus = 1\n"));
    assert_non_null(strstr(told, "f:1: workers"));
    assert_non_null(strstr(told, "f:2: sandbox"));
    assert_non_null(strstr(told, "f:3: registrar.min-expires"));
    assert_non_null(strstr(told, "f:4: unknown key"));
}

static void bytes_are_checked(void **state)
{
    (void)state;
    told[0] = '\0';
    assert_null(config_parse("f", "user = a\n\0x", 11, tell, NULL));
    assert_string_equal(told, "f:2: has a NUL byte; the file has to be plain text\n");
    assert_refused("user = \"a\nb\"", "has a control character");
}

static void later_keys_warn(void **state)
{
    (void)state;
    struct config *c =
        parse_right("http = \"127.0.0.1:8060\" tftp = \"\" media { anchor = always }");
    told[0] = '\0';
    config_warnings(c, tell, NULL);
    assert_string_equal(told, "");
    config_free(c);
    c = parse_right("http = \"1.2.3.4:80\" tls { verify-client = off } tftp-allow = {a}\n"
                    "phone \"echo\" { number = \"600\" answer = \"echo\" }");
    told[0] = '\0';
    config_warnings(c, tell, NULL);
    assert_string_equal(told, "http has no effect yet\n"
                              "tftp-allow has no effect yet\nphone has no effect yet\n");
    config_free(c);
}

static char *dump(const struct config *c)
{
    told[0] = '\0';
    config_dump(c, tell, NULL);
    return strdup(told);
}

static void dump_is_read_back(void **state)
{
    (void)state;
    struct config *a = parse_right(
        "domain = {\"companyb.com\", \"[::1]\"} user = \"a$\" http = \"1.2.3.4:80\"\n"
        "auth { realm = 'a $ b' algorithms = {MD5} strangers = never legacy = always }\n"
        "tls { key = '/a \"b\" \\\\ c' } emergency = {}\n"
        "phone \"e$\" { number = \"600\" } phone \"f\" { }\n");
    char *first = dump(a);
    struct config *b = parse_right(first);
    char *second = dump(b);
    bool restart;
    assert_string_equal(first, second);
    told[0] = '\0';
    assert_int_equal(config_diff(a, b, &restart, tell, NULL), 0);
    assert_string_equal(b->auth.realm, "a $ b");
    free(first);
    free(second);
    config_free(a);
    config_free(b);
}

static void diff_names_what_changed(void **state)
{
    (void)state;
    struct config *a = parse_right("domain = {a.org}\nlisten = \"udp:127.0.0.1\"");
    struct config *b = parse_right("domain = {a.org, b.org}\nlisten = \"udp:127.0.0.1\"\n"
                                   "registrar { max-expires = 3600 }");
    struct config *c = parse_right("domain = {b.org}\nlisten = \"tcp:127.0.0.1\"\nworkers = 1\n"
                                   "registrar { max-contacts = 3 }");
    bool restart;
    told[0] = '\0';
    assert_int_equal(config_diff(a, b, &restart, tell, NULL), 2);
    assert_false(restart);
    assert_string_equal(told, "domain: {\"a.org\"} -> {\"a.org\", \"b.org\"}\n"
                              "registrar.max-expires: 7200 -> 3600\n");
    assert_int_equal(config_diff(a, c, &restart, tell, NULL), 4);
    assert_true(restart);
    assert_int_equal(config_keep(c, a), OK);
    told[0] = '\0';
    assert_int_equal(config_diff(a, c, &restart, tell, NULL), 1);
    assert_false(restart);
    assert_string_equal(told, "registrar.max-contacts: 10 -> 3\n");
    config_free(a);
    config_free(b);
    config_free(c);
}

static void ipv6_leaves_a_default_only(void **state)
{
    (void)state;
    struct config *c = parse_right("");
    config_drop_ipv6(c);
    assert_int_equal(c->listen_count, 2);
    config_free(c);
    c = parse_right("listen = {\"udp:[::]:5060\"}");
    config_drop_ipv6(c);
    assert_int_equal(c->listen_count, 1);
    config_free(c);
}

static void files_are_read(void **state)
{
    (void)state;
    char *text;
    size_t size;
    assert_int_equal(config_read("/nonexistent", &text, &size), ERR_NOT_FOUND);
    assert_int_equal(config_read("/", &text, &size), ERR_SYSTEM);
    assert_int_equal(config_read("/dev/zero", &text, &size), ERR_LIMIT);
    assert_int_equal(config_read("/dev/null", &text, &size), OK);
    assert_int_equal(size, 0);
    free(text);
}

/* Puts the folders of this build where the page has the usual ones. */
static void told_replace(const char *from, const char *to)
{
    char *at = strstr(told, from), rest[sizeof told];
    if (!at || !strcmp(from, to))
        return;
    snprintf(rest, sizeof rest, "%s%s", to, at + strlen(from));
    strcpy(at, rest);
}

static void manual_page_says_the_same(void **state)
{
    (void)state;
    const char *folder = getenv("srcdir");
    char path[4096], *page;
    size_t size;
    snprintf(path, sizeof path, "%s/man/offhook.conf.5", folder ? folder : ".");
    assert_int_equal(config_read(path, &page, &size), OK);
    page = realloc(page, size + 1);
    assert_non_null(page);
    page[size] = '\0';
    told[0] = '\0';
    config_manual(tell, NULL);
    told_replace("\"" LOCALSTATEDIR "/lib/offhook", "\"/var/lib/offhook");
    told_replace("\"" RUNSTATEDIR "/offhook", "\"/run/offhook");
    const char *keys = strstr(page, ".Sh KEYS\n");
    assert_non_null(keys);
    if (strncmp(keys + 9, told, strlen(told)))
        print_error("KEYS of man/offhook.conf.5 should be:\n%s", told);
    assert_memory_equal(keys + 9, told, strlen(told));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_file_has_defaults),
        cmocka_unit_test(values_are_taken),
        cmocka_unit_test(mistakes_name_their_line),
        cmocka_unit_test(unknown_keys_are_explained),
        cmocka_unit_test(several_problems_are_told),
        cmocka_unit_test(bytes_are_checked),
        cmocka_unit_test(later_keys_warn),
        cmocka_unit_test(dump_is_read_back),
        cmocka_unit_test(diff_names_what_changed),
        cmocka_unit_test(ipv6_leaves_a_default_only),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(manual_page_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
