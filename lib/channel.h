/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CHANNEL_H
#define OCI_VTPM_CHANNEL_H

/*
 * Messages between two of our processes: one SOCK_SEQPACKET record each, a
 * type in host byte order followed by its payload.  protocol.h lists the
 * types.  A record that is too short, too long or of a type the receiver does
 * not expect is a protocol violation, and the receiver ends that peer.
 *
 * Only read(2) and write(2) are used, so that the sandboxed emulator needs no
 * socket call.  SIGPIPE must be ignored.
 */

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The largest payload in bytes: room for vtpm.json, which holds a path of up to
   PATH_MAX and half as much besides.  Messages are received on
   the stack of processes that are to stay small.  */
#define VTPM_MESSAGE_PAYLOAD_MAX 6144

struct vtpm_message
{
  uint32_t type;
  size_t length;
  unsigned char payload[VTPM_MESSAGE_PAYLOAD_MAX + 1]; /* NUL after LENGTH bytes */
};

enum vtpm_receive_result
{
  VTPM_RECEIVE_FAILED = -1,      /* the error is set */
  VTPM_RECEIVE_MESSAGE = 0,      /* one message */
  VTPM_RECEIVE_CLOSED = 1,       /* the peer has closed its end or died */
  VTPM_RECEIVE_WOULD_BLOCK = 2,  /* a non-blocking descriptor has none now */
};

/* Makes a connected pair; both descriptors are close-on-exec and blocking.  */
int vtpm_channel_pair (int fds[2], struct vtpm_error **error);

/* Whether FD, which a program should have inherited, is a channel; if not, it was not STARTER
   who started it.  */
int vtpm_channel_check (int fd, const char *starter, struct vtpm_error **error);

/* Sends one message.  On a non-blocking descriptor whose peer does not read,
   this is an error with errno value EAGAIN.  */
int vtpm_channel_send (int fd, uint32_t type, const void *payload, size_t length,
                       struct vtpm_error **error);
int vtpm_channel_send_text (int fd, uint32_t type, const char *text, struct vtpm_error **error);

/* Receives one message.  EINTR is retried.  */
enum vtpm_receive_result vtpm_channel_receive (int fd, struct vtpm_message *message,
                                               struct vtpm_error **error);

#endif
