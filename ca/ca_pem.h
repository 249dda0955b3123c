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

/* ENOENT; EBADMSG: it is not one.  */
int vtpm_ca_key_read (int dir_fd, const char *name, const char *what, EVP_PKEY **key,
                      struct vtpm_error **error);
int vtpm_ca_certificate_read (int dir_fd, const char *name, const char *what, X509 **certificate,
                              struct vtpm_error **error);

#endif
