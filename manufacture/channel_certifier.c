/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "channel_certifier.h"

#include <string.h>

#include "certify_message.h"
#include "channel.h"
#include "protocol.h"

static int
take_answer (const struct vtpm_message *answer, uint8_t certificate[VTPM_CERTIFICATE_MAX],
             size_t *size, struct vtpm_error **error)
{
  if (answer->type == VTPM_CA_REFUSED)
    return vtpm_error_set_plain (error, EACCES, "certificate authority: %s",
                                 (const char *) answer->payload);
  if (answer->type != VTPM_CA_CERTIFIED || answer->length == 0
      || answer->length > VTPM_CERTIFICATE_MAX)
    return vtpm_error_set_plain (error, EPROTO,
                                 "the certificate authority sent message type %#x with %zu bytes",
                                 (unsigned int) answer->type, answer->length);
  memcpy (certificate, answer->payload, answer->length);
  *size = answer->length;
  return 0;
}

/* One that has ended may have said why, unasked.  */
static int
certify (void *context, const struct vtpm_certificate_request *request,
         uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size, struct vtpm_error **error)
{
  const int fd = *(const int *) context;
  uint8_t question[VTPM_CERTIFY_MESSAGE_MAX];
  struct vtpm_message answer;
  size_t question_size;

  if (vtpm_certify_message_write (request, question, &question_size, error) < 0)
    return -1;
  vtpm_channel_send (fd, VTPM_CA_CERTIFY, question, question_size, NULL);
  switch (vtpm_channel_receive (fd, &answer, error))
    {
    case VTPM_RECEIVE_MESSAGE:
      return take_answer (&answer, certificate, size, error);
    case VTPM_RECEIVE_CLOSED:
      return vtpm_error_set_plain (error, ECHILD, "the certificate authority ended unexpectedly");
    case VTPM_RECEIVE_FAILED:
    case VTPM_RECEIVE_WOULD_BLOCK:
    default:
      return vtpm_error_wrap (error, "the certificate authority");
    }
}

struct vtpm_certifier
vtpm_channel_certifier (const int *fd)
{
  return (struct vtpm_certifier) { .certify = certify, .context = (void *) fd };
}
