/* The names of a hosts(5) file, read once: they are known without any name server. */
#ifndef OFFHOOK_SIP_DNS_HOSTS_H
#define OFFHOOK_SIP_DNS_HOSTS_H

#include "sip/dns_answer.h"

#define DNS_HOSTS_MAX 4096 /* names; more are left out */

struct dns_hosts;

/* Reads the text of such a file; lines that make no sense are passed over. ERR_MEMORY. */
enum error dns_hosts_new(struct dns_hosts **out, struct view text);
/* Reads the file at path, the first 256 KB of it; one that cannot be read is an empty one.
 * ERR_MEMORY. */
enum error dns_hosts_read(struct dns_hosts **out, const char *path);
void dns_hosts_free(struct dns_hosts *h);
/* Is there a line with this name, which dns_name_set made? */
bool dns_hosts_know(const struct dns_hosts *h, const char *name);
/* The answer of the file: addresses, or that there is none of this type. False: name is not in it.
 */
bool dns_hosts_get(const struct dns_hosts *h, const char *name, enum dns_type type,
                   struct dns_answer *out);

#endif
