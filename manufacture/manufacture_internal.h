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

#endif
