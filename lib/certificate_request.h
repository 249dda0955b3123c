/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CERTIFICATE_REQUEST_H
#define OCI_VTPM_CERTIFICATE_REQUEST_H

/*
 * What a certificate authority is asked to certify: a key of a TPM, what the TPM says
 * about itself, and for whom it was made.  Knows nothing of TPM structures.
 */

#include <stddef.h>
#include <stdint.h>

#include "tpm_version.h"

/* In bytes of DER: more fits no single response of the TPM with room to spare for what
   reads it.  */
#define VTPM_CERTIFICATE_MAX 2048

/* Whom a TPM was made for.  Each may be NULL where there is no such thing.  */
struct vtpm_certificate_binding
{
  const char *uuid;      /* the instance's */
  const char *container; /* id */
  const char *namespace; /* the pod's */
  const char *pod;
  const char *host;
};

struct vtpm_certificate_request
{
  const uint8_t *key; /* DER SubjectPublicKeyInfo */
  size_t key_size;
  enum vtpm_tpm_version version;
  uint32_t manufacturer;     /* TPM_PT_MANUFACTURER: four characters */
  uint32_t firmware_version; /* TPM_PT_FIRMWARE_VERSION_1 */
  uint32_t level;            /* of the specification */
  uint32_t revision;         /* in hundredths: 164 */
  struct vtpm_certificate_binding binding;
};

#endif
