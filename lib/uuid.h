/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_UUID_H
#define OCI_VTPM_UUID_H

/* What tells one TPM from all others, for ever (RFC 9562).  */

#include <stdint.h>

#include "error.h"

#define VTPM_UUID_SIZE 16
#define VTPM_UUID_TEXT_SIZE 37

/* A random one (version 4).  */
int vtpm_uuid_make (uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_error **error);

/* Returns BUFFER.  */
char *vtpm_uuid_format (const uint8_t uuid[VTPM_UUID_SIZE], char buffer[VTPM_UUID_TEXT_SIZE]);

/* Takes exactly what vtpm_uuid_format gives: EINVAL.  */
int vtpm_uuid_parse (const char *text, uint8_t uuid[VTPM_UUID_SIZE], struct vtpm_error **error);

#endif
