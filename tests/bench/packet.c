/* Writing packets, and reading them by writing them again. */
#include "tests/bench/packet.h"

#include <arpa/inet.h>

#define HEADER_SIZE   12
#define VERSION       (2 << 6)
#define SILENCE       0xff /* of PCMU, payload type 0 */
#define FIRST_SSRC    0x6f660000
#define TICKS_A_FRAME 160 /* 20 ms at 8000 Hz */

void packet_write(char out[PACKET_SIZE], const struct packet_mark *mark)
{
    uint16_t sequence = htons((uint16_t)mark->number);
    uint32_t timestamp = htonl((uint32_t)(mark->number * TICKS_A_FRAME));
    uint32_t ssrc = htonl((uint32_t)(FIRST_SSRC + mark->stream));

    memset(out, SILENCE, PACKET_SIZE);
    out[0] = (char)VERSION;
    out[1] = 0;
    memcpy(out + 2, &sequence, sizeof sequence);
    memcpy(out + 4, &timestamp, sizeof timestamp);
    memcpy(out + 8, &ssrc, sizeof ssrc);
    memcpy(out + HEADER_SIZE, mark, sizeof *mark);
}

enum error packet_read(struct packet_mark *out, struct view packet)
{
    char written[PACKET_SIZE];

    if (packet.n != PACKET_SIZE)
        return ERR_SYNTAX;
    memcpy(out, packet.p + HEADER_SIZE, sizeof *out);
    packet_write(written, out);
    return memcmp(written, packet.p, PACKET_SIZE) == 0 ? OK : ERR_SYNTAX;
}
