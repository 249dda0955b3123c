/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_NAMES_H
#define OCI_VTPM_NAMES_H

/*
 * Names that come from outside and end up in paths.  Each check returns 0, or
 * -1 with an error that quotes the name (shortened and with unprintable bytes
 * replaced) and says what is allowed.
 */

#include "error.h"

/* A container's id becomes a directory below /run/oci-vtpm: 1 to 254 of
   [A-Za-z0-9_+.-], not starting with a dot.  Runtimes allow the same set.  */
int vtpm_name_check_container_id (const char *id, struct vtpm_error **error);

/* A node's name in the container's /dev: "tpm" and a number from 0 to 65535
   without leading zeros, as the kernel's own names are.  */
int vtpm_name_check_device (const char *name, struct vtpm_error **error);

/* The number in a device name that vtpm_name_check_device accepts.  */
unsigned int vtpm_name_device_number (const char *name);

/* Room for as much of a text as a message is to show.  */
#define VTPM_NAME_QUOTED_SIZE 80

/* Copies TEXT to BUFFER for a message: at most SIZE - 1 bytes, unprintable
   bytes as '?', "..." at the end where it was cut.  SIZE is at least 4.
   Returns BUFFER.  */
char *vtpm_name_quote (const char *text, char *buffer, size_t size);

#endif
