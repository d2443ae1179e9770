/* Payload types of RTP and what they stand for. */
#include "media/sdp_line.h"

#define STATIC_TYPES 35

const struct sdp_format *sdp_format_static(uint8_t type)
{
#define FORMAT(number, clock, name) [number] = { number, clock, name }
    static const struct sdp_format formats[STATIC_TYPES] = {
        FORMAT(0, 8000, "PCMU"),   FORMAT(3, 8000, "GSM"),    FORMAT(4, 8000, "G723"),
        FORMAT(5, 8000, "DVI4"),   FORMAT(6, 16000, "DVI4"),  FORMAT(7, 8000, "LPC"),
        FORMAT(8, 8000, "PCMA"),   FORMAT(9, 8000, "G722"),   FORMAT(10, 44100, "L16"),
        FORMAT(11, 44100, "L16"),  FORMAT(12, 8000, "QCELP"), FORMAT(13, 8000, "CN"),
        FORMAT(14, 90000, "MPA"),  FORMAT(15, 8000, "G728"),  FORMAT(16, 11025, "DVI4"),
        FORMAT(17, 22050, "DVI4"), FORMAT(18, 8000, "G729"),  FORMAT(25, 90000, "CELB"),
        FORMAT(26, 90000, "JPEG"), FORMAT(28, 90000, "NV"),   FORMAT(31, 90000, "H261"),
        FORMAT(32, 90000, "MPV"),  FORMAT(33, 90000, "MP2T"), FORMAT(34, 90000, "H263"),
    };
#undef FORMAT

    return type < STATIC_TYPES && formats[type].clock ? &formats[type] : NULL;
}

static bool type_read(struct view word, uint8_t *out)
{
    uint64_t type;

    if (!view_number(word, 127, &type))
        return false;
    *out = (uint8_t)type;
    return true;
}

static struct sdp_format format_of(uint8_t type)
{
    const struct sdp_format *is = sdp_format_static(type);

    return is ? *is : (struct sdp_format){.type = type};
}

void sdp_formats_read(struct sdp_stream *out, struct view words)
{
    uint8_t type;

    while (words.n && out->format_count < SDP_FORMATS_MAX)
        if (type_read(sdp_word_take(&words), &type))
            out->formats[out->format_count++] = format_of(type);
}

static void name_set(struct sdp_format *f, struct view name)
{
    if (!view_copy(name, f->name, sizeof(f->name)))
        f->name[0] = 0;
    for (char *c = f->name; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
}

void sdp_rtpmap_read(struct sdp_stream *out, struct view argument)
{
    struct view word = sdp_word_take(&argument), rest = sdp_word_take(&argument);
    struct view name = view_cut(&rest, '/');
    uint64_t clock;
    uint8_t type;

    if (!type_read(word, &type) || !view_number(view_cut(&rest, '/'), UINT32_MAX, &clock))
        return;
    for (unsigned i = 0; i < out->format_count; i++) {
        if (out->formats[i].type != type)
            continue;
        out->formats[i].clock = (uint32_t)clock;
        name_set(&out->formats[i], name);
    }
}
