/* Where phones are told to send audio to: which of our addresses. Private to the anchors. */
#ifndef OFFHOOK_SERVER_ANCHOR_PLACE_H
#define OFFHOOK_SERVER_ANCHOR_PLACE_H

#include "media/address.h"
#include "server/worker.h"

/* Peer and port of a flow. */
struct media_address flow_media_address(const struct sip_flow *flow);
/* A flow as it is known after a restart: its peer's host, and our own. */
void media_flow_set(struct sip_flow *out, const struct media_address *peer,
                    const struct media_address *local);
/* The address of ours, of that family, that the peer of flow can send to. False: there is none. */
bool anchor_place(const struct worker *w, const struct sip_flow *flow, uint8_t family,
                  struct media_address *out);
/* May audio be sent there at the word of a phone? Not to our own ports, which would send it on, nor
 * to where servers listen. */
bool anchor_place_is_for_audio(const struct worker *w, const struct media_address *a);
/* Are there so many pairs for somebody who comes along flow? If not, some are asked for. */
bool anchor_place_free(struct worker *w, const struct sip_flow *flow, unsigned count);

#endif
