/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_PEM_H
#define OCI_VTPM_CA_PEM_H

/* Keys and certificates in files of the authority's directory, as PEM.  WHAT is the
   path, in messages.  Private keys are not encrypted: the directory is nobody else's.  */

#include <openssl/x509.h>

#include "error.h"

enum vtpm_ca_key_type
{
  VTPM_CA_KEY_ECC_P384,
  VTPM_CA_KEY_RSA_3072,
};

/* The caller frees what these make.  */
int vtpm_ca_key_make (enum vtpm_ca_key_type type, EVP_PKEY **key, struct vtpm_error **error);

/* Make the file NAME, durably; EEXIST.  */
int vtpm_ca_key_write (int dir_fd, const char *name, const char *what, EVP_PKEY *key,
                       struct vtpm_error **error);
int vtpm_ca_certificate_write (int dir_fd, const char *name, const char *what, X509 *certificate,
                               struct vtpm_error **error);

/* The same, atomically, in place of one that is there.  */
int vtpm_ca_certificate_replace (int dir_fd, const char *name, const char *what,
                                 X509 *certificate, struct vtpm_error **error);

/* ENOENT; EBADMSG: it is not one.  */
int vtpm_ca_key_read (int dir_fd, const char *name, const char *what, EVP_PKEY **key,
                      struct vtpm_error **error);
int vtpm_ca_certificate_read (int dir_fd, const char *name, const char *what, X509 **certificate,
                              struct vtpm_error **error);

/* A private key wherever it is: WHERE is the path of a file, or a PKCS #11 URI
   (ca_token.h).  */
int vtpm_ca_key_find (const char *where, EVP_PKEY **key, struct vtpm_error **error);

#endif
