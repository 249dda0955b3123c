/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_INDEX_H
#define OCI_VTPM_CA_INDEX_H

/*
 * The record of all certificates: index.txt as openssl-ca(1) has it, so that its tools
 * read it.  A line each, of fields with a tab between them:
 *
 *   V or R     valid, revoked
 *   end        of the validity, YYMMDDHHMMSSZ, from 2050 on YYYYMMDDHHMMSSZ
 *   revoked    when, likewise; empty unless R
 *   serial     hexadecimal
 *   file name  where openssl has the certificate's, the instance's uuid, or "unknown"
 *   subject    /CN=... as openssl prints it; "/" where there is none
 *
 * A line is appended, and synced, before its certificate leaves; a last line without an
 * end is what a crash has left of one whose certificate never did, and is cut off.  One
 * process at a time: the caller has the directory's lock.
 */

#include <stdbool.h>

#include "certificate.h"

#define VTPM_CA_INDEX "index.txt"

#define VTPM_SERIAL_TEXT_SIZE (2 * VTPM_SERIAL_SIZE + 1)
#define VTPM_CA_TIME_SIZE 16
#define VTPM_CA_UUID_SIZE 37
#define VTPM_CA_SUBJECT_SIZE 512

struct vtpm_ca_entry
{
  bool revoked;
  char end[VTPM_CA_TIME_SIZE];
  char revoked_at[VTPM_CA_TIME_SIZE]; /* "" unless revoked */
  char serial[VTPM_SERIAL_TEXT_SIZE];
  char uuid[VTPM_CA_UUID_SIZE]; /* "" if it was for no instance */
  char subject[VTPM_CA_SUBJECT_SIZE];
};

struct vtpm_ca_index
{
  struct vtpm_ca_entry *entries;
  size_t count;
};

/* Makes an empty one; EEXIST.  WHAT is its path, in messages.  */
int vtpm_ca_index_create (int dir_fd, const char *what, struct vtpm_error **error);

/* Adds CERTIFICATE, for the instance UUID, or for none (NULL).  It is on disk when this
   returns; after an error the index is as it was.  ENOENT: there is no index, and none is
   made.  */
int vtpm_ca_index_append (int dir_fd, const char *what, X509 *certificate, const char *uuid,
                          struct vtpm_error **error);

/* Reads all of it.  ENOENT; EBADMSG: a line that is none, by its number.  */
int vtpm_ca_index_read (int dir_fd, const char *what, struct vtpm_ca_index *index,
                        struct vtpm_error **error);

void vtpm_ca_index_clear (struct vtpm_ca_index *index);

/* Marks as revoked at NOW what has the serial number, or the uuid, NAME; *COUNT of them
   that were not.  Replaces the file atomically.  ENOENT: there is none of that name.  */
int vtpm_ca_index_revoke (int dir_fd, const char *what, const char *name, time_t now,
                          size_t *count, struct vtpm_error **error);

#define _cleanup_ca_index_ VTPM_CLEANUP (vtpm_ca_index_clear)

#endif
