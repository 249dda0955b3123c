/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "manufacture.h"

#include <string.h>

#include "manufacture_internal.h"
#include "tpm_engine.h"

static int
take_permanent (struct vtpm_engine *engine, struct vtpm_secret_bytes *permanent,
                struct vtpm_error **error)
{
  struct vtpm_engine_state state;

  if (vtpm_engine_take_state (engine, &state, error) < 0)
    return -1;
  permanent->data = malloc (state.permanent_size);
  if (permanent->data == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot keep the TPM's state");
  memcpy (permanent->data, state.permanent, state.permanent_size);
  permanent->size = state.permanent_size;
  return 0;
}

int
vtpm_manufacture_certify (const struct vtpm_certifier *certifier,
                          const struct vtpm_certificate_request *request,
                          uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                          struct vtpm_error **error)
{
  if (certifier->certify (certifier->context, request, certificate, size, error) < 0)
    return -1;
  if (*size == 0 || *size > VTPM_CERTIFICATE_MAX)
    return vtpm_error_set_plain (error, EINVAL, "a certificate of %zu bytes: not 1 to %d", *size,
                                 VTPM_CERTIFICATE_MAX);
  return 0;
}

int
vtpm_manufacture (const struct vtpm_manufacture_spec *spec, const struct vtpm_certifier *certifier,
                  struct vtpm_secret_bytes *permanent, struct vtpm_error **error)
{
  const struct vtpm_engine_state nothing = { 0 };
  _cleanup_engine_ struct vtpm_engine *engine = NULL;

  if (vtpm_engine_new (spec->version, &nothing, &engine, error) < 0
      || vtpm_engine_start (engine, error) < 0)
    return -1;
  if ((spec->version == VTPM_TPM_2_0 ? vtpm_manufacture_2_0 (engine, spec, certifier, error)
                                     : vtpm_manufacture_1_2 (engine, spec, certifier, error))
      < 0)
    return -1;
  if (vtpm_engine_shut_down (engine, error) < 0)
    return -1;
  return take_permanent (engine, permanent, error);
}
