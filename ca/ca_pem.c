/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "ca_pem.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <string.h>

#include "ca_token.h"
#include "libcrypto.h"
#include "openssl_cleanup.h"
#include "whole_file.h"

#define PEM_MAX 65536

int
vtpm_ca_key_make (enum vtpm_ca_key_type type, EVP_PKEY **key, struct vtpm_error **error)
{
  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  *key = type == VTPM_CA_KEY_RSA_3072 ? EVP_RSA_gen (3072) : EVP_EC_gen ("P-384");
  return *key != NULL ? 0 : vtpm_error_set_plain (error, EIO, "cannot make a key");
}

/* What is in MEMORY may be a private key: its buffer is wiped by OpenSSL (BIO_s_secmem is
   for hardware that we have not).  */
static int
write_memory (BIO *memory, int dir_fd, const char *name, mode_t mode, const char *what,
              struct vtpm_error **error)
{
  char *data;
  long size = BIO_get_mem_data (memory, &data);
  const struct vtpm_secret_bytes bytes = { .data = (uint8_t *) data, .size = (size_t) size };
  int result = vtpm_whole_file_create (dir_fd, name, mode, NULL, &bytes, what, error);

  explicit_bzero (data, (size_t) size);
  return result;
}

int
vtpm_ca_key_write (int dir_fd, const char *name, const char *what, EVP_PKEY *key,
                   struct vtpm_error **error)
{
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());

  if (memory == NULL || PEM_write_bio_PrivateKey (memory, key, NULL, NULL, 0, NULL, NULL) != 1)
    return vtpm_error_set_plain (error, EIO, "cannot encode the key for %s", what);
  return write_memory (memory, dir_fd, name, 0600, what, error);
}

int
vtpm_ca_certificate_write (int dir_fd, const char *name, const char *what, X509 *certificate,
                           struct vtpm_error **error)
{
  _cleanup_bio_ BIO *memory = BIO_new (BIO_s_mem ());

  if (memory == NULL || PEM_write_bio_X509 (memory, certificate) != 1)
    return vtpm_error_set_plain (error, EIO, "cannot encode the certificate for %s", what);
  return write_memory (memory, dir_fd, name, 0644, what, error);
}

static int
read_file (int dir_fd, const char *name, const char *what, struct vtpm_secret_bytes *bytes,
           struct vtpm_error **error)
{
  _cleanup_close_ int fd = openat (dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  if (fd < 0)
    return vtpm_error_set (error, errno, "cannot open %s", what);
  return vtpm_whole_file_read (fd, PEM_MAX, what, bytes, error);
}

/* Instead of asking on the terminal.  */
static int
know_no_password (char *buffer, int size, int writing, void *context)
{
  (void) buffer;
  (void) size;
  (void) writing;
  (void) context;
  return -1;
}

int
vtpm_ca_key_read (int dir_fd, const char *name, const char *what, EVP_PKEY **key,
                  struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_bio_ BIO *memory = NULL;

  if (read_file (dir_fd, name, what, &bytes, error) < 0)
    return -1;
  memory = BIO_new_mem_buf (bytes.data, (int) bytes.size);
  *key = memory == NULL ? NULL : PEM_read_bio_PrivateKey (memory, NULL, know_no_password, NULL);
  return *key != NULL ? 0
                      : vtpm_error_set_plain (error, EBADMSG,
                                              "%s is no unencrypted private key in PEM", what);
}

int
vtpm_ca_certificate_read (int dir_fd, const char *name, const char *what, X509 **certificate,
                          struct vtpm_error **error)
{
  _cleanup_secret_bytes_ struct vtpm_secret_bytes bytes = { 0 };
  _cleanup_bio_ BIO *memory = NULL;

  if (read_file (dir_fd, name, what, &bytes, error) < 0)
    return -1;
  memory = BIO_new_mem_buf (bytes.data, (int) bytes.size);
  *certificate = memory == NULL ? NULL : PEM_read_bio_X509 (memory, NULL, know_no_password, NULL);
  return *certificate != NULL ? 0
                              : vtpm_error_set_plain (error, EBADMSG, "%s is no certificate in PEM",
                                                      what);
}

int
vtpm_ca_certificate_replace (int dir_fd, const char *name, const char *what, X509 *certificate,
                             struct vtpm_error **error)
{
  char temporary[64];

  snprintf (temporary, sizeof (temporary), "%s.new", name);
  if (unlinkat (dir_fd, temporary, 0) < 0 && errno != ENOENT)
    return vtpm_error_set (error, errno, "cannot remove %s.new", what);
  if (vtpm_ca_certificate_write (dir_fd, temporary, what, certificate, error) < 0)
    return -1;
  if (renameat (dir_fd, temporary, dir_fd, name) < 0 || fsync (dir_fd) < 0)
    return vtpm_error_set (error, errno, "cannot put %s in place", what);
  return 0;
}

int
vtpm_ca_key_find (const char *where, EVP_PKEY **key, struct vtpm_error **error)
{
  if (vtpm_libcrypto_prepare (error) < 0)
    return -1;
  return strncmp (where, VTPM_CA_PKCS11_PREFIX, strlen (VTPM_CA_PKCS11_PREFIX)) == 0
             ? vtpm_ca_token_key_find (where, key, error)
             : vtpm_ca_key_read (AT_FDCWD, where, where, key, error);
}
