/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_SWTPM_FILE_H
#define OCI_VTPM_SWTPM_FILE_H

/*
 * The format of swtpm's state files (swtpm(8), versions 0.1 to 0.10), read and
 * made.  Computes only; swtpm_dir.h reads and writes the files.
 *
 * All numbers are big-endian.  A header of 10 bytes:
 *
 *   offset size
 *        0    1  version, 2
 *        1    1  the oldest version whose readers understand the file, 1
 *        2    2  length of the header, 10
 *        4    2  flags: 1 encrypted, 8 with a key of 256 bits, not of 128
 *        6    4  length of the file
 *
 * Then records: a tag of 2 bytes, a length of 4, the value.  In a file that is
 * not encrypted there is one record with libtpms' state (tag 1); in one that is,
 * the ciphertext (2), an HMAC (3) and an initialisation vector (6): see
 * swtpm_cipher.h.
 *
 * A file is hostile until its HMAC is found right, and one without a key always.
 */

#include "secret_bytes.h"
#include "transfer_secret.h"

/* Whether a file begins like one of swtpm's; it may be damaged all the same.  */
bool vtpm_swtpm_file_looks_like_one (const uint8_t *file, size_t size);

/* Takes libtpms' state out of a file.  WHAT names the file in messages.  The
   secret must be the one that the file is encrypted under, and none for a file
   that is not encrypted: whoever has a key does not expect a file that anybody
   can have made.  errno values as in enum vtpm_state_fault (state_file.h): EILSEQ,
   EBADMSG, ENODATA, EPROTONOSUPPORT, ENOKEY.  The caller clears *STATE.  */
int vtpm_swtpm_file_open (const uint8_t *file, size_t size, const char *what,
                          const struct vtpm_transfer_secret *secret,
                          struct vtpm_secret_bytes *state, struct vtpm_error **error);

/* Makes a file, encrypted if there is a secret; of a password a key of 256 bits
   is made by PBKDF2.  The caller clears *FILE.  */
int vtpm_swtpm_file_make (const struct vtpm_secret_bytes *state,
                          const struct vtpm_transfer_secret *secret, struct vtpm_secret_bytes *file,
                          struct vtpm_error **error);

#endif
