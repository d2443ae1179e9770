/* Telling old phones by what they write. */
#include "sip/agent.h"

static bool is_one_of(struct view user_agent, const struct view *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (view_istarts(user_agent, names[i]))
            return true;
    return false;
}

static struct view user_agent_of(const struct sip_message *m)
{
    const struct header_line *h = sip_header(m, HEADER_USER_AGENT);

    return h ? h->value : VIEW("");
}

bool agent_names_cisco79(struct view user_agent)
{
    static const struct view names[] = {
        {"Cisco IP Phone/", 15},     /* 1.x */
        {"Cisco-SIP-IP-Phone/", 19}, /* 2.x, 3.x */
        {"CSCO/", 5},                /* 4.x to 7.x */
        {"Cisco-CP79", 10},          /* 8.x */
    };

    return is_one_of(user_agent, names, sizeof(names) / sizeof(names[0]));
}

bool agent_is_cisco79(const struct sip_message *m)
{
    return agent_names_cisco79(user_agent_of(m));
}

bool agent_knows_only_md5(const struct sip_message *m)
{
    static const struct view names[] = {{"baresip v0.", 11}, {"baresip v1.", 11}, {"sipsak ", 7}};

    return is_one_of(user_agent_of(m), names, sizeof(names) / sizeof(names[0]));
}

bool agent_is_rfc2543(const struct sip_message *m)
{
    return !m->via.magic;
}
