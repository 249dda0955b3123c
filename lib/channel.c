/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "channel.h"

#include <string.h>
#include <sys/socket.h>

int
vtpm_channel_pair (int fds[2], struct vtpm_error **error)
{
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
    return vtpm_error_set (error, errno, "cannot make a socket pair");
  return 0;
}

int
vtpm_channel_check (int fd, const char *starter, struct vtpm_error **error)
{
  int type;
  socklen_t size = sizeof (type);

  if (getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
    return vtpm_error_set (error, 0, "descriptor %d is no channel: %s starts this", fd, starter);
  return 0;
}

int
vtpm_channel_send (int fd, uint32_t type, const void *payload, size_t length,
                   struct vtpm_error **error)
{
  unsigned char record[sizeof (type) + VTPM_MESSAGE_PAYLOAD_MAX];
  ssize_t written;

  if (length > VTPM_MESSAGE_PAYLOAD_MAX)
    return vtpm_error_set_plain (error, EMSGSIZE, "message of %zu bytes", length);
  memcpy (record, &type, sizeof (type));
  if (length > 0)
    memcpy (record + sizeof (type), payload, length);
  do
    written = write (fd, record, sizeof (type) + length);
  while (written < 0 && errno == EINTR);
  if (written < 0)
    return vtpm_error_set (error, errno, "cannot send a message");
  return 0;
}

int
vtpm_channel_send_text (int fd, uint32_t type, const char *text, struct vtpm_error **error)
{
  return vtpm_channel_send (fd, type, text, strlen (text), error);
}

enum vtpm_receive_result
vtpm_channel_receive (int fd, struct vtpm_message *message, struct vtpm_error **error)
{
  /* One byte more than the largest record: read(2) cuts a longer record
     silently, and a record that fills the buffer was longer.  */
  unsigned char record[sizeof (message->type) + VTPM_MESSAGE_PAYLOAD_MAX + 1];
  ssize_t size;

  do
    size = read (fd, record, sizeof (record));
  while (size < 0 && errno == EINTR);
  if (size == 0 || (size < 0 && errno == ECONNRESET))
    return VTPM_RECEIVE_CLOSED;
  if (size < 0 && errno == EAGAIN)
    return VTPM_RECEIVE_WOULD_BLOCK;
  if (size < 0)
    {
      vtpm_error_set (error, errno, "cannot receive a message");
      return VTPM_RECEIVE_FAILED;
    }
  if ((size_t) size < sizeof (message->type) || (size_t) size == sizeof (record))
    {
      vtpm_error_set_plain (error, EPROTO, "a message of %zd bytes", size);
      return VTPM_RECEIVE_FAILED;
    }
  memcpy (&message->type, record, sizeof (message->type));
  message->length = (size_t) size - sizeof (message->type);
  memcpy (message->payload, record + sizeof (message->type), message->length);
  message->payload[message->length] = '\0';
  return VTPM_RECEIVE_MESSAGE;
}
