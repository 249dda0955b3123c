/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_MANUFACTURE_INTERNAL_H
#define OCI_VTPM_MANUFACTURE_INTERNAL_H

/* What manufacture.c has each version's file do, with an ENGINE that is new and
   started.  */

#include "manufacture.h"
#include "tpm_engine.h"

int vtpm_manufacture_2_0 (struct vtpm_engine *engine, const struct vtpm_manufacture_spec *spec,
                          const struct vtpm_certifier *certifier, struct vtpm_error **error);

int vtpm_manufacture_1_2 (struct vtpm_engine *engine, const struct vtpm_manufacture_spec *spec,
                          const struct vtpm_certifier *certifier, struct vtpm_error **error);

/* Asks CERTIFIER, and makes sure that it gives something that fits.  */
int vtpm_manufacture_certify (const struct vtpm_certifier *certifier,
                              const struct vtpm_certificate_request *request,
                              uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                              struct vtpm_error **error);

#endif
