/* Unit tests of TLS: handshakes over real sockets, names, limits on a virtual clock. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sip/tls_stream.h"
#include "tests/unit/side.h"

#define REQUEST "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TLS a\r\nContent-Length: 0\r\n\r\n"

/* A certificate and its key. */
struct identity {
    X509 *certificate;
    EVP_PKEY *key;
};

static struct identity authority, server;

static void extension_add(X509 *to, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(e);
    assert_int_equal(X509_add_ext(to, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* Signed by the authority, or by itself with issuer NULL. san may be NULL. */
static struct identity identity_make(const char *common_name, const char *san,
                                     const struct identity *issuer)
{
    struct identity i = {X509_new(), EVP_EC_gen("P-256")};
    X509_NAME *name = X509_get_subject_name(i.certificate);
    static long serial;

    X509_set_version(i.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(i.certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(i.certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(i.certificate), 86400);
    X509_set_pubkey(i.certificate, i.key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
                               0);
    X509_set_issuer_name(i.certificate, issuer ? X509_get_subject_name(issuer->certificate) : name);
    if (!issuer)
        extension_add(i.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (san)
        extension_add(i.certificate, NID_subject_alt_name, san);
    assert_true(X509_sign(i.certificate, issuer ? issuer->key : i.key, EVP_sha256()) > 0);
    return i;
}

static void identity_free(struct identity *i)
{
    X509_free(i->certificate);
    EVP_PKEY_free(i->key);
}

/* The PEM text in a buffer of the caller's. */
static struct view pem(const struct identity *i, bool key, char buffer[4096])
{
    BIO *out = BIO_new(BIO_s_mem());
    int n;

    if (key)
        PEM_write_bio_PrivateKey(out, i->key, NULL, NULL, 0, NULL, NULL);
    else
        PEM_write_bio_X509(out, i->certificate);
    n = BIO_read(out, buffer, 4096);
    BIO_free(out);
    assert_in_range(n, 1, 4095);
    return (struct view){buffer, (size_t)n};
}

static struct tls *tls_of(const struct identity *i, bool verify_client)
{
    char certificate[4096], key[4096], ca[4096], error[TLS_ERROR];
    struct tls_files files = {{pem(i, false, certificate), "certificate"},
                              {pem(i, true, key), "key"},
                              {pem(&authority, false, ca), "ca"}};
    struct tls *tls;

    assert_int_equal(tls_new(&tls, &files, verify_client, error), OK);
    return tls;
}

static int setup(void **state)
{
    *state = side_open(FLOW_TLS);
    transport_set_tls(((struct side *)*state)->transport, tls_of(&server, false));
    return 0;
}

static int teardown(void **state)
{
    side_close(*state);
    return 0;
}

/* The far end of a connection, which lives in this same thread. */
struct client {
    struct side *side;
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static void client_open(struct client *c, struct side *s)
{
    int on = 1;

    *c = (struct client){.side = s, .ctx = SSL_CTX_new(TLS_client_method())};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)connect(c->fd, (struct sockaddr *)&s->address, sizeof(s->address));
    settle(s);
}

static bool client_shake(struct client *c)
{
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    for (int i = 0; i < 20; i++) {
        int n = SSL_connect(c->ssl);

        settle(c->side);
        if (n == 1)
            return true;
        n = SSL_get_error(c->ssl, n);
        if (n != SSL_ERROR_WANT_READ && n != SSL_ERROR_WANT_WRITE)
            return false;
    }
    return false;
}

/* What arrives now: a number of bytes, or -1 at the end of the connection. */
static int client_hear(struct client *c, char *buffer, int size)
{
    int n = SSL_read(c->ssl, buffer, size);

    settle(c->side);
    if (n > 0)
        return n;
    return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static void client_say(struct client *c, const char *text)
{
    assert_int_equal(SSL_write(c->ssl, text, (int)strlen(text)), (int)strlen(text));
    settle(c->side);
}

static void client_close(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
    settle(c->side);
    ERR_clear_error();
}

static bool is_closed(int fd)
{
    char bytes[64];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        ;
    return n == 0 || errno == ECONNRESET; /* reset: what was sent had not been read */
}

static void a_message_comes_and_its_answer_goes_over_the_same_connection(void **state)
{
    struct side *s = *state;
    struct client c;
    char answer[8];

    client_open(&c, s);
    assert_true(client_shake(&c));
    client_say(&c, REQUEST REQUEST);
    assert_int_equal(s->messages, 2);
    assert_int_equal(s->last.transport, FLOW_TLS);
    assert_true(transport_is_open(s->transport, &s->last));
    assert_int_equal(transport_send(s->transport, &s->last, VIEW("hello")), OK);
    settle(s);
    assert_int_equal(client_hear(&c, answer, sizeof(answer)), 5);
    assert_int_equal(transport_counts(s->transport).handshakes, 1);
    client_close(&c);
    assert_int_equal(s->broken, 1);
    assert_false(transport_is_open(s->transport, &s->last));
}

static void old_versions_are_refused(void **state)
{
    struct side *s = *state;
    struct client c;

    client_open(&c, s);
    SSL_CTX_set_security_level(c.ctx, 0);
    SSL_CTX_set_min_proto_version(c.ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(c.ctx, TLS1_1_VERSION);
    assert_false(client_shake(&c));
    client_close(&c);
    assert_int_equal(transport_counts(s->transport).handshakes_failed, 1);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        client_open(&c, s);
        SSL_CTX_set_min_proto_version(c.ctx, version);
        SSL_CTX_set_max_proto_version(c.ctx, version);
        assert_true(client_shake(&c));
        client_close(&c);
    }
    assert_int_equal(transport_counts(s->transport).handshakes, 2);
}

static void a_second_handshake_is_refused(void **state)
{
    struct side *s = *state;
    struct client c;
    char byte;
    bool again;

    client_open(&c, s);
    SSL_CTX_set_max_proto_version(c.ctx, TLS1_2_VERSION);
    assert_true(client_shake(&c));
    assert_int_equal(SSL_renegotiate(c.ssl), 1);
    (void)SSL_do_handshake(c.ssl);
    settle(s);
    again = client_hear(&c, &byte, 1) == 0 && !SSL_renegotiate_pending(c.ssl);
    assert_false(again);
    assert_int_equal(transport_counts(s->transport).handshakes, 1);
    client_close(&c);
}

static void garbage_instead_of_a_handshake_is_closed(void **state)
{
    struct side *s = *state;
    struct client c;

    client_open(&c, s);
    assert_int_equal(send(c.fd, REQUEST, sizeof(REQUEST) - 1, MSG_NOSIGNAL), sizeof(REQUEST) - 1);
    settle(s);
    assert_true(is_closed(c.fd));
    assert_int_equal(s->messages, 0);
    assert_int_equal(transport_counts(s->transport).handshakes_failed, 1);
    assert_int_equal(transport_counts(s->transport).connections, 0);
    client_close(&c);
}

/* A handshake record is announced, and a part of it comes. */
static void a_handshake_that_stops_halfway_has_10_s(void **state)
{
    static const char begun[] = {22, 3, 1, 2, 0, 1, 0, 1};
    struct side *s = *state;
    struct client c;

    client_open(&c, s);
    assert_int_equal(send(c.fd, begun, sizeof(begun), MSG_NOSIGNAL), sizeof(begun));
    settle(s);
    pass(s, 9999);
    assert_false(is_closed(c.fd));
    pass(s, 1);
    assert_true(is_closed(c.fd));
    assert_int_equal(transport_counts(s->transport).timed_out_connections, 1);
    client_close(&c);
}

static void a_handshake_does_not_lengthen_the_10_s(void **state)
{
    struct side *s = *state;
    struct client c;
    char byte;

    client_open(&c, s);
    pass(s, 9000);
    assert_true(client_shake(&c));
    pass(s, 1000);
    assert_int_equal(client_hear(&c, &byte, 1), -1);
    client_close(&c);
}

static void the_oldest_half_open_handshake_makes_room(void **state)
{
    struct side *s = *state;
    struct client c, other;
    int fds[1001];

    client_open(&other, s);
    for (int i = 0; i < 1001; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&s->address, sizeof(s->address)), 0);
        settle(s);
    }
    assert_true(is_closed(other.fd));
    assert_true(is_closed(fds[0]));
    assert_false(is_closed(fds[1]));
    client_open(&c, s);
    assert_true(client_shake(&c));
    client_close(&c);
    client_close(&other);
    for (int i = 0; i < 1001; i++)
        close(fds[i]);
    settle(s);
    assert_int_equal(transport_counts(s->transport).connections, 0);
}

static void much_at_once_is_all_taken(void **state)
{
    struct side *s = *state;
    size_t n = sizeof(REQUEST) - 1, count = 6000, sent = 0;
    char *all = malloc(n * count);
    struct client c;

    for (size_t i = 0; i < count; i++)
        memcpy(all + i * n, REQUEST, n);
    client_open(&c, s);
    SSL_CTX_set_mode(c.ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    assert_true(client_shake(&c));
    for (int i = 0; i < 2000 && sent < n * count; i++) {
        int written = SSL_write(c.ssl, all + sent, (int)(n * count - sent));

        if (written > 0)
            sent += (size_t)written;
        else
            settle(s);
    }
    settle(s);
    assert_int_equal(sent, n * count);
    assert_int_equal(s->messages, count);
    client_close(&c);
    free(all);
}

static struct sip_flow to_ourselves(const struct side *s)
{
    struct sip_flow flow = {.transport = FLOW_TLS};

    flow_set_peer(&flow, (const struct sockaddr *)&s->address);
    assert_int_equal(transport_reach(s->transport, &flow), OK);
    return flow;
}

static void an_address_has_to_be_in_the_certificate(void **state)
{
    struct side *s = *state;
    struct identity other = identity_make("127.0.0.1", "DNS:127.0.0.1,IP:127.0.0.2", &authority);
    struct sip_flow flow = to_ourselves(s);

    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 2);
    assert_int_equal(transport_counts(s->transport).connections, 2); /* both ends */
    assert_int_equal(transport_counts(s->transport).handshakes, 2);
    pass(s, 300 * 1000); /* they end */
    transport_set_tls(s->transport, tls_of(&other, false));
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 2);
    assert_int_equal(transport_counts(s->transport).handshakes_failed, 2);
    identity_free(&other);
}

static void a_named_host_has_to_be_in_the_certificate(void **state)
{
    struct side *s = *state;
    struct sip_flow flow = to_ourselves(s);

    assert_int_equal(transport_name(s->transport, &flow, VIEW("companya.com")), OK);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 0);
    assert_in_range(s->broken, 1, 2);
    assert_int_equal(transport_name(s->transport, &flow, VIEW("CompanyB.com")), OK);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 1);
    assert_int_equal(transport_name(s->transport, &flow, VIEW("companyb.com")), OK);
    assert_int_equal(transport_name(s->transport, &flow, VIEW("127.0.0.1")), OK);
    assert_int_equal(transport_name(s->transport, &flow, VIEW("companya.com")), ERR_DENIED);
}

static void an_unknown_authority_is_not_believed(void **state)
{
    struct side *s = *state;
    struct identity self = identity_make("127.0.0.1", "IP:127.0.0.1", NULL);
    struct sip_flow flow = to_ourselves(s);

    transport_set_tls(s->transport, tls_of(&self, false));
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), OK);
    settle(s);
    assert_int_equal(s->messages, 0);
    assert_in_range(s->broken, 1, 2);
    identity_free(&self);
}

static void verify_client_lets_in_who_shows_a_certificate(void **state)
{
    struct side *s = *state;
    struct client c;
    char byte;

    transport_set_tls(s->transport, tls_of(&server, true));
    client_open(&c, s);
    (void)client_shake(&c); /* with TLS 1.3 a client hears of it later */
    assert_int_equal(client_hear(&c, &byte, 1), -1);
    client_close(&c);
    assert_int_equal(transport_counts(s->transport).handshakes_failed, 1);
    client_open(&c, s);
    SSL_CTX_use_certificate(c.ctx, server.certificate);
    SSL_CTX_use_PrivateKey(c.ctx, server.key);
    assert_true(client_shake(&c));
    client_say(&c, REQUEST);
    assert_int_equal(s->messages, 1);
    client_close(&c);
}

static void without_files_nobody_is_let_in(void **state)
{
    struct side *s = *state;
    struct sip_flow flow = to_ourselves(s);
    struct client c;

    transport_set_tls(s->transport, NULL);
    client_open(&c, s);
    assert_true(is_closed(c.fd));
    client_close(&c);
    assert_int_equal(transport_send(s->transport, &flow, VIEW(REQUEST)), ERR_CLOSED);
    assert_int_equal(transport_name(s->transport, &flow, VIEW("a")), ERR_CLOSED);
    assert_int_equal(transport_counts(s->transport).connections, 0);
}

static void certificates_speak_for_sip_domains(void **state)
{
    static const struct {
        const char *common_name, *san, *host;
        bool fits;
    } rows[] = {
        {"x", "URI:sip:companyb.com", "companyb.com", true},
        {"x", "URI:sip:CompanyB.COM", "companyb.com.", true},
        {"x", "URI:sip:alice@companyb.com", "companyb.com", false},
        {"x", "URI:sips:companyb.com", "companyb.com", false},
        {"x", "URI:https://companyb.com", "companyb.com", false},
        {"x", "DNS:a.org,DNS:companyb.com", "companyb.com", true},
        {"x", "DNS:*.companyb.com", "sip.companyb.com", false},
        {"x", "DNS:companyb.com", "sip.companyb.com", false},
        {"companyb.com", NULL, "companyb.com", true},
        {"companyb.com", "IP:192.0.2.1", "companyb.com", false},
        {"companyb.com", "DNS:a.org", "companyb.com", false},
        {"companyb.com", "URI:sip:a.org", "companyb.com", false},
        {"192.0.2.1", NULL, "192.0.2.1", false},
        {"x", "IP:192.0.2.1", "192.0.2.1", true},
        {"x", "IP:192.0.2.1", "192.0.2.2", false},
        {"x", "IP:2001:db8::1", "2001:db8:0::1", true},
        {"x", "DNS:192.0.2.1", "192.0.2.1", false},
        {"x", "DNS:companyb.com", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct identity one = identity_make(rows[i].common_name, rows[i].san, &authority);

        if (tls_name_fits(one.certificate, rows[i].host) != rows[i].fits)
            fail_msg("%s in CN %s, SAN %s", rows[i].host, rows[i].common_name, rows[i].san);
        identity_free(&one);
    }
}

static void files_are_refused_with_what_is_wrong(void **state)
{
    char own[4096], key[4096], ca[4096], error[TLS_ERROR];
    struct tls_files right = {{pem(&server, false, own), "a.pem"},
                              {pem(&server, true, key), "a.key"},
                              {pem(&authority, false, ca), "ca.pem"}};
    struct identity stranger = identity_make("x", NULL, &authority);
    struct tls_files files = right;
    struct tls *tls;
    char other[4096];

    (void)state;
    files.certificate.bytes = VIEW("garbage");
    assert_int_equal(tls_new(&tls, &files, false, error), ERR_SYNTAX);
    assert_string_equal(error, "a.pem holds no certificate; write it in PEM");
    assert_null(tls);
    files = right;
    files.key.bytes = VIEW("");
    assert_int_equal(tls_new(&tls, &files, false, error), ERR_SYNTAX);
    assert_string_equal(error, "a.key holds no private key; write it in PEM, without a passphrase");
    files.key.bytes = pem(&stranger, true, other);
    assert_int_equal(tls_new(&tls, &files, false, error), ERR_SYNTAX);
    assert_string_equal(error, "a.key is not the key of the certificate");
    files = right;
    files.ca.bytes = VIEW("garbage");
    assert_int_equal(tls_new(&tls, &files, false, error), ERR_SYNTAX);
    assert_string_equal(error, "ca.pem holds no certificates of authorities; write them in PEM");
    identity_free(&stranger);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_comes_and_its_answer_goes_over_the_same_connection),
        TEST(old_versions_are_refused),
        TEST(a_second_handshake_is_refused),
        TEST(garbage_instead_of_a_handshake_is_closed),
        TEST(a_handshake_that_stops_halfway_has_10_s),
        TEST(a_handshake_does_not_lengthen_the_10_s),
        TEST(the_oldest_half_open_handshake_makes_room),
        TEST(much_at_once_is_all_taken),
        TEST(an_address_has_to_be_in_the_certificate),
        TEST(a_named_host_has_to_be_in_the_certificate),
        TEST(an_unknown_authority_is_not_believed),
        TEST(verify_client_lets_in_who_shows_a_certificate),
        TEST(without_files_nobody_is_let_in),
        cmocka_unit_test(certificates_speak_for_sip_domains),
        cmocka_unit_test(files_are_refused_with_what_is_wrong),
    };
    int failed;

    clock_make_virtual(1000000, 1800000000);
    if (uri_init() != OK)
        return 1;
    authority = identity_make("authority", NULL, NULL);
    server = identity_make("server", "IP:127.0.0.1,DNS:companyb.com", &authority);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    identity_free(&server);
    identity_free(&authority);
    return failed;
}
