/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_STORE_META_H
#define OCI_VTPM_STORE_META_H

/*
 * The content of meta.json: JSON for whoever wants to read it, but always in
 * one form, so that the supervisor, of which there is one a container, needs no
 * JSON parser.  What is not in that form, to the byte, is not accepted.
 */

#include "state_file.h"

#define VTPM_STORE_META_SIZE 640
#define VTPM_TIME_TEXT_SIZE 21 /* 2026-01-31T23:59:59Z */

struct vtpm_store_meta
{
  struct vtpm_instance_id id;
  uint8_t uuid[VTPM_UUID_SIZE];
  enum vtpm_tpm_version version;
  char created_at[VTPM_TIME_TEXT_SIZE];
  uint64_t generation;
};

/* Returns the length.  */
size_t vtpm_store_meta_format (const struct vtpm_store_meta *meta,
                               char buffer[VTPM_STORE_META_SIZE]);

/* WHAT names the file in messages.  The error is VTPM_STATE_DAMAGED.  */
int vtpm_store_meta_parse (const char *text, size_t length, const char *what,
                           struct vtpm_store_meta *meta, struct vtpm_error **error);

/* The time now, for created_at.  */
void vtpm_store_meta_set_created (struct vtpm_store_meta *meta);

#endif
