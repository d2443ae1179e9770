/* TLS contexts from the contents of PEM files, and streams made of them. */
#include "sip/tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/flow.h"
#include "sip/tls_stream.h"

#define CERTIFICATES_MAX (32 << 10) /* bytes that a peer may show */

void tls_library_ready(void)
{
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static enum error fail(char error[TLS_ERROR], const struct tls_file *file, const char *what)
{
    snprintf(error, TLS_ERROR, "%.150s %s", file->name, what);
    ERR_clear_error();
    return ERR_SYNTAX;
}

/* Nobody is there to type one. */
static int passphrase_none(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return 0;
}

static BIO *file_read(const struct tls_file *file)
{
    return BIO_new_mem_buf(file->bytes.n ? file->bytes.p : "", (int)file->bytes.n);
}

static X509 *certificate_next(BIO *from)
{
    return PEM_read_bio_X509(from, NULL, passphrase_none, NULL);
}

static enum error certificate_use(SSL_CTX *ctx, const struct tls_file *file, char error[TLS_ERROR])
{
    BIO *from = file_read(file);
    X509 *own = from ? certificate_next(from) : NULL, *next;
    enum error e = OK;

    if (!own)
        e = fail(error, file, "holds no certificate; write it in PEM");
    else if (SSL_CTX_use_certificate(ctx, own) != 1)
        e = fail(error, file, "holds a certificate that is too weak or of an unknown kind");
    while (e == OK && (next = certificate_next(from)))
        if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
            X509_free(next);
            e = fail(error, file, "holds a certificate that cannot be used");
        }
    X509_free(own);
    BIO_free(from);
    ERR_clear_error(); /* the end of a file is an error too */
    return e;
}

static enum error key_use(SSL_CTX *ctx, const struct tls_file *file, char error[TLS_ERROR])
{
    BIO *from = file_read(file);
    EVP_PKEY *key = from ? PEM_read_bio_PrivateKey(from, NULL, passphrase_none, NULL) : NULL;
    enum error e = OK;

    if (!key)
        e = fail(error, file, "holds no private key; write it in PEM, without a passphrase");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        e = fail(error, file, "is not the key of the certificate");
    EVP_PKEY_free(key);
    BIO_free(from);
    return e;
}

/* Authorities into the store, and with `ask` into what clients are told. */
static enum error authorities_use(SSL_CTX *ctx, const struct tls_file *file, bool ask,
                                  char error[TLS_ERROR])
{
    BIO *from = file_read(file);
    bool failed = !from;
    unsigned count = 0;
    X509 *next;

    while (!failed && (next = certificate_next(from))) {
        failed = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), next) != 1 ||
                 (ask && SSL_CTX_add_client_CA(ctx, next) != 1);
        count++;
        X509_free(next);
    }
    BIO_free(from);
    ERR_clear_error();
    if (failed || (!count && file->bytes.n))
        return fail(error, file, "holds no certificates of authorities; write them in PEM");
    return OK;
}

/* During the handshake, so that nothing is sent to somebody else. */
static int on_certificate(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *host = SSL_get_app_data(ssl);

    if (!good || X509_STORE_CTX_get_error_depth(store) > 0)
        return good;
    if (host && tls_name_fits(X509_STORE_CTX_get_current_cert(store), host))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

/* What both directions have in common; 20 000 connections that mostly wait are the measure. */
static void context_limit(SSL_CTX *ctx)
{
    static const unsigned char name[] = "offhook";

    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_max_cert_list(ctx, CERTIFICATES_MAX);
    SSL_CTX_set_session_id_context(ctx, name, sizeof(name));
}

static enum error context_make(SSL_CTX *ctx, const struct tls_files *files, bool ask,
                               char error[TLS_ERROR])
{
    enum error e;

    if (!ctx)
        return ERR_MEMORY;
    context_limit(ctx);
    e = certificate_use(ctx, &files->certificate, error);
    if (e == OK)
        e = key_use(ctx, &files->key, error);
    return e == OK ? authorities_use(ctx, &files->ca, ask, error) : e;
}

enum error tls_new(struct tls **out, const struct tls_files *files, bool verify_client,
                   char error[TLS_ERROR])
{
    struct tls *tls = calloc(1, sizeof(*tls));
    enum error e = ERR_MEMORY;

    *out = NULL;
    snprintf(error, TLS_ERROR, "there is not enough memory for TLS");
    if (!tls)
        return ERR_MEMORY;
    tls->server = SSL_CTX_new(TLS_server_method());
    tls->client = SSL_CTX_new(TLS_client_method());
    e = context_make(tls->server, files, verify_client, error);
    if (e == OK)
        e = context_make(tls->client, files, false, error);
    if (e != OK) {
        tls_free(tls);
        return e;
    }
    SSL_CTX_set_verify(tls->client, SSL_VERIFY_PEER, on_certificate);
    if (verify_client)
        SSL_CTX_set_verify(tls->server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    *out = tls;
    return OK;
}

struct tls *tls_share(const struct tls *tls)
{
    struct tls *other = malloc(sizeof(*other));

    if (!other)
        return NULL;
    *other = *tls;
    SSL_CTX_up_ref(other->server);
    SSL_CTX_up_ref(other->client);
    return other;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->server);
    SSL_CTX_free(tls->client);
    free(tls);
}

static struct bufferevent *stream_new(struct event_base *base, int fd, SSL *ssl,
                                      enum bufferevent_ssl_state state)
{
    struct bufferevent *io;

    if (!ssl)
        return NULL;
    io = bufferevent_openssl_socket_new(base, fd, ssl, state, BEV_OPT_CLOSE_ON_FREE);
    if (io) /* many phones never say goodbye */
        bufferevent_openssl_set_allow_dirty_shutdown(io, 1);
    else
        SSL_free(ssl);
    return io;
}

struct bufferevent *tls_accept(const struct tls *tls, struct event_base *base, int fd)
{
    return stream_new(base, fd, SSL_new(tls->server), BUFFEREVENT_SSL_ACCEPTING);
}

struct bufferevent *tls_connect(const struct tls *tls, struct event_base *base, int fd,
                                const char *host)
{
    struct sip_flow address = {0};
    SSL *ssl = SSL_new(tls->client);

    if (ssl && (SSL_set_app_data(ssl, (void *)host) != 1 ||
                (!flow_set_address(&address, view_of(host)) &&
                 SSL_set_tlsext_host_name(ssl, host) != 1))) { /* RFC 6066: no numeric addresses */
        SSL_free(ssl);
        return NULL;
    }
    return stream_new(base, fd, ssl, BUFFEREVENT_SSL_CONNECTING);
}

bool tls_peer_is(struct bufferevent *io, const char *host)
{
    SSL *ssl = bufferevent_openssl_get_ssl(io);
    X509 *certificate = ssl ? SSL_get0_peer_certificate(ssl) : NULL;

    return certificate && SSL_get_verify_result(ssl) == X509_V_OK &&
           tls_name_fits(certificate, host);
}

const char *tls_failure(struct bufferevent *io)
{
    SSL *ssl = bufferevent_openssl_get_ssl(io);
    long verdict = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    unsigned long code = bufferevent_get_openssl_error(io);
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    return reason ? reason : "the peer closed the connection";
}
