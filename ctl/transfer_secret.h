/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TRANSFER_SECRET_H
#define OCI_VTPM_TRANSFER_SECRET_H

/*
 * What state is encrypted under on its way from one host to another: a key, or,
 * for swtpm only (swtpm(8), --key), a password that a key is derived from.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "host_key.h"

#define VTPM_TRANSFER_KEY_MAX 32
#define VTPM_TRANSFER_PASSWORD_MAX 4096

struct vtpm_transfer_key
{
  size_t size; /* 16 or 32 */
  uint8_t bytes[VTPM_TRANSFER_KEY_MAX];
};

enum vtpm_transfer_secret_kind
{
  VTPM_TRANSFER_NO_SECRET,
  VTPM_TRANSFER_KEY,
  VTPM_TRANSFER_PASSWORD,
};

struct vtpm_transfer_secret
{
  enum vtpm_transfer_secret_kind kind;
  struct vtpm_transfer_key key;
  size_t password_size;
  uint8_t password[VTPM_TRANSFER_PASSWORD_MAX];
};

/* How swtpm makes a key of a password (its option kdf=).  */
enum vtpm_swtpm_kdf
{
  VTPM_SWTPM_PBKDF2, /* HMAC-SHA512, 1000 iterations, salt "swtpm" */
  VTPM_SWTPM_SHA512, /* the beginning of the password's SHA-512 */
};

/* Reads the key that is in KEY_FILE, or the password that is in PASSWORD_FILE: at most
   one of them is not NULL.  Neither makes no secret.  */
int vtpm_transfer_secret_read (const char *key_file, const char *password_file,
                               struct vtpm_transfer_secret *secret, struct vtpm_error **error);

/* The key of a copy in native format: one of 32 bytes.  */
int vtpm_transfer_secret_to_host_key (const struct vtpm_transfer_secret *secret,
                                      uint8_t key[VTPM_HOST_KEY_SIZE], struct vtpm_error **error);

/* Reads a key from FD: 16 or 32 bytes, or as many in hexadecimal digits, with or
   without "0x" before them and white space behind.  32 digits are a key of 16
   bytes, not one of 32 that look like digits.  */
int vtpm_transfer_key_read (int fd, const char *what, struct vtpm_transfer_key *key,
                         struct vtpm_error **error);

/* Reads a password from FD: all of it, a newline at the end included, as swtpm
   does.  */
int vtpm_transfer_password_read (int fd, const char *what, struct vtpm_transfer_secret *secret,
                              struct vtpm_error **error);

/* A key of SIZE bytes, 16 or 32, of the secret's password.  */
int vtpm_transfer_key_derive (const struct vtpm_transfer_secret *secret, enum vtpm_swtpm_kdf kdf,
                           size_t size, struct vtpm_transfer_key *key, struct vtpm_error **error);

/* Overwrite them; also cleanup functions.  */
void vtpm_transfer_key_wipe (struct vtpm_transfer_key *key);
void vtpm_transfer_secret_wipe (struct vtpm_transfer_secret *secret);

#define _cleanup_transfer_key_ VTPM_CLEANUP (vtpm_transfer_key_wipe)
#define _cleanup_transfer_secret_ VTPM_CLEANUP (vtpm_transfer_secret_wipe)

#endif
