/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_BYTES_H
#define OCI_VTPM_FAULT_BYTES_H

/*
 * Big-endian numbers and sized buffers, as TPM 2.0 messages are made of.
 *
 * What does not fit, or is not there, is remembered instead of reported by each
 * call: a message is looked at once, when it is complete.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tpm_header.h"

struct bytes
{
  uint8_t data[VTPM_TPM_MESSAGE_MAX];
  size_t size;
  bool overflow;
};

void bytes_put (struct bytes *bytes, const void *data, size_t size);
void bytes_put_number (struct bytes *bytes, uint64_t number, size_t width);

/* A TPM2B: two bytes of size, then the data.  */
void bytes_put_sized (struct bytes *bytes, const void *data, size_t size);

/* Reads what another has; the data is not copied.  */
struct cursor
{
  const uint8_t *data;
  size_t left;
  bool underflow; /* more was asked for than there was */
};

/* 0 when it is not there.  */
uint64_t cursor_number (struct cursor *cursor, size_t width);

/* NULL when they are not there.  */
const uint8_t *cursor_take (struct cursor *cursor, size_t size);

/* A TPM2B.  NULL, with *SIZE 0, when it is not there.  */
const uint8_t *cursor_sized (struct cursor *cursor, size_t *size);

#endif
