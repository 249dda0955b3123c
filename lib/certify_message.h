/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CERTIFY_MESSAGE_H
#define OCI_VTPM_CERTIFY_MESSAGE_H

/*
 * A certificate request (certificate_request.h) between two processes, all of it but whom
 * the TPM is for: that is not for the process to say in which a TPM is made.  In network
 * byte order:
 *
 *   4  TPM version: 0x102 or 0x200     4  level of the specification
 *   4  manufacturer                    4  revision
 *   4  firmware version                   the public key, to the end
 */

#include "certificate_request.h"
#include "error.h"

#define VTPM_CERTIFY_KEY_MAX 1024
#define VTPM_CERTIFY_MESSAGE_MAX (20 + VTPM_CERTIFY_KEY_MAX)

/* *SIZE is the size.  EFBIG: the key has no place in it.  */
int vtpm_certify_message_write (const struct vtpm_certificate_request *request,
                                uint8_t message[VTPM_CERTIFY_MESSAGE_MAX], size_t *size,
                                struct vtpm_error **error);

/* REQUEST's key is in MESSAGE.  EPROTO.  Whether the key is one is not checked.  */
int vtpm_certify_message_read (const uint8_t *message, size_t size,
                               struct vtpm_certificate_request *request,
                               struct vtpm_error **error);

#endif
