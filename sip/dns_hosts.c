/* Lines of a hosts file, an entry a name. */
#include "sip/dns_hosts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (256u << 10)

struct host {
    struct table_node node;
    enum dns_type type;
    uint8_t address[16];
    char name[DNS_NAME_MAX];
};

struct dns_hosts {
    struct table table;
};

static bool address_read(struct host *h, struct view text)
{
    char copy[INET6_ADDRSTRLEN];

    h->type = memchr(text.p, ':', text.n) ? DNS_AAAA : DNS_A;
    return view_copy(text, copy, sizeof(copy)) &&
           inet_pton(h->type == DNS_A ? AF_INET : AF_INET6, copy, h->address) == 1;
}

/* Cuts the next word off *rest; empty at the end. */
static struct view word_cut(struct view *rest)
{
    size_t n = 0;

    *rest = view_trim_blanks(*rest);
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    struct view word = {rest->p, n};

    *rest = view_from(*rest, n);
    return word;
}

static enum error host_add(struct dns_hosts *h, const struct host *host)
{
    struct host *copy = malloc(sizeof(*copy));

    if (!copy)
        return ERR_MEMORY;
    *copy = *host;
    table_put(&h->table, &copy->node, hash_view(view_of(copy->name)));
    return OK;
}

static enum error line_read(struct dns_hosts *h, struct view line)
{
    struct view rest = view_cut(&line, '#'), address = word_cut(&rest), name;
    struct host host = {0};
    enum error error = OK;

    if (!address.n || !address_read(&host, address))
        return OK;
    while (error == OK && (name = word_cut(&rest)).n && h->table.count < DNS_HOSTS_MAX)
        if (dns_name_set(host.name, name))
            error = host_add(h, &host);
    return error;
}

enum error dns_hosts_new(struct dns_hosts **out, struct view text)
{
    struct dns_hosts *h = calloc(1, sizeof(*h));
    enum error error = h ? table_init(&h->table) : ERR_MEMORY;

    while (error == OK && text.n)
        error = line_read(h, view_cut(&text, '\n'));
    *out = error == OK ? h : NULL;
    if (error != OK)
        dns_hosts_free(h);
    return error;
}

/* Up to `size` bytes; 0 when there is nothing to read. */
static size_t file_read(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    size_t n = 0;
    ssize_t got = 1;

    if (fd < 0)
        return 0;
    while (n < size && (got = read(fd, bytes + n, size - n)) > 0)
        n += (size_t)got;
    close(fd);
    return n;
}

enum error dns_hosts_read(struct dns_hosts **out, const char *path)
{
    char *bytes = malloc(FILE_MAX);
    enum error error;

    *out = NULL;
    if (!bytes)
        return ERR_MEMORY;
    error = dns_hosts_new(out, (struct view){bytes, file_read(path, bytes, FILE_MAX)});
    free(bytes);
    return error;
}

static void host_drop(struct table_node *node, void *arg)
{
    table_take(arg, node);
    free(node);
}

void dns_hosts_free(struct dns_hosts *h)
{
    if (!h)
        return;
    if (h->table.slots)
        table_each(&h->table, host_drop, &h->table);
    table_free(&h->table);
    free(h);
}

static bool host_match(const struct table_node *node, const void *name)
{
    return strcmp(((const struct host *)(const void *)node)->name, name) == 0;
}

static const struct host *host_find(const struct dns_hosts *h, const char *name)
{
    return (const void *)table_find(&h->table, hash_view(view_of(name)), host_match, name);
}

bool dns_hosts_know(const struct dns_hosts *h, const char *name)
{
    return host_find(h, name) != NULL;
}

static void host_collect(struct dns_answer *out, const struct host *host, enum dns_type type)
{
    struct dns_record *record = &out->records[out->count];

    if (host->type != type || out->count == DNS_RECORDS_MAX)
        return;
    *record = (struct dns_record){0};
    memcpy(record->address, host->address, sizeof(host->address));
    out->count++;
}

bool dns_hosts_get(const struct dns_hosts *h, const char *name, enum dns_type type,
                   struct dns_answer *out)
{
    const struct host *host = host_find(h, name);

    if (!host)
        return false;
    out->count = 0;
    out->ttl = 0;
    /* entries of one name stand in one chain */
    for (uint64_t hash = host->node.hash; host; host = (const void *)host->node.next)
        if (host->node.hash == hash && host_match(&host->node, name))
            host_collect(out, host, type);
    out->error = out->count ? OK : ERR_NOT_FOUND;
    return true;
}
