/* The table of configuration keys and what the types of its rows can do; private to the
 * configuration (server/config*.c). */
#ifndef OFFHOOK_SERVER_CONFIG_TABLE_H
#define OFFHOOK_SERVER_CONFIG_TABLE_H

#include <stdio.h>

#include "server/config.h"

#define CONFIG_PROBLEM 400 /* bytes of what is wrong with a value */

enum config_effect {
    EFFECT_LIVE,    /* a reload changes it */
    EFFECT_RESTART, /* only a restart changes it */
    EFFECT_FIRST,   /* a reload changes it, but its first entry only a restart */
    EFFECT_LATER,   /* the feature comes in a later version */
};

struct config_type;

struct config_key {
    const char *section; /* NULL: at the top of the file */
    const char *name;
    const struct config_type *type;
    const char *initial; /* the default in the file's syntax; NULL: made from the host */
    size_t offset;       /* of the member of struct config; keys of EFFECT_LATER have none */
    unsigned min, max;   /* of a number; entries of a list; bytes of a text */
    const char *choices; /* words, separated by a blank; a switch: those for true and false */
    bool (*check)(const char *value, char problem[CONFIG_PROBLEM]); /* what the type cannot know */
    enum config_effect effect;
    const char *help;
};

/* The values of one key as they stand in the file. */
struct config_values {
    const char **values;
    size_t count;
};

struct config_type {
    const char *noun; /* for the manual page */
    bool list;
    bool quoted;
    /* Is one value right? Else problem says what is wrong and what would be right. */
    bool (*check)(const struct config_key *key, const char *value, char problem[CONFIG_PROBLEM]);
    /* Stores checked values in c, freeing what was there. ERR_MEMORY. */
    enum error (*set)(const struct config_key *key, struct config *c,
                      const struct config_values *values);
    /* Calls each with every value that c holds. */
    void (*get)(const struct config_key *key, const struct config *c,
                void (*each)(void *arg, const char *value), void *arg);
    void (*release)(const struct config_key *key, struct config *c);
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

extern const struct config_type config_number, config_switch, config_text, config_choice,
    config_names, config_listens, config_algorithms;

/* The key called name in section (NULL: the top), or NULL. */
const struct config_key *config_key_find(const char *section, const char *name);
/* "registrar.max-expires" in buffer, which is returned. */
const char *config_key_path(const struct config_key *key, char buffer[64]);
/* The place of a key of EFFECT_LATER in config.later. */
size_t config_later_index(const struct config_key *key);
size_t config_later_count(void);

/* Writes values as the file would have them: 60, on, "text", {"a", "b"}. malloc'ed; NULL without
 * memory. */
char *config_values_text(const struct config_key *key, const struct config_values *values);
/* The same for the value that c holds. */
char *config_key_text(const struct config_key *key, const struct config *c);
/* Takes the key's default apart into values; the caller frees with config_values_free. */
enum error config_values_initial(const struct config_key *key, struct config_values *values);
void config_values_free(struct config_values *values);
/* Sets c to the defaults of the host: domain, listen. ERR_MEMORY. */
enum error config_host_defaults(struct config *c);

/* Blanks comments in text, which ends in NUL after size bytes. False: *problem is in *line. */
bool config_text_clean(char *text, size_t size, int *line, const char **problem);

/* Reads "udp:0.0.0.0:5060"; false: problem says why. out->text is left alone. */
bool config_listen_parse(const char *text, struct config_listen *out, char problem[CONFIG_PROBLEM]);
/* Do both mean the same socket? */
bool config_listen_same(const struct config_listen *a, const struct config_listen *b);

/* Checks of single values, named by rows of the table. */
bool config_check_domain(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_path(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_file(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_database(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_socket(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_account(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_number(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_name_server(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_network(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_ports(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_media_address(const char *value, char problem[CONFIG_PROBLEM]);
bool config_check_realm(const char *value, char problem[CONFIG_PROBLEM]);

/* The domain as it is compared: lower case, an IPv6 address in brackets. malloc'ed. */
char *config_domain_canonical(const char *value);

#endif
