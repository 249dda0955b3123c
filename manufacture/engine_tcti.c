/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "engine_tcti.h"

#include <stdlib.h>
#include <string.h>

#include "tpm_header.h"

#define TCTI_MAGIC UINT64_C (0x6f63692d7674706d) /* "oci-vtpm" */

struct vtpm_engine_tcti
{
  TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: what tpm2-tss knows of it */
  struct vtpm_engine *engine;
  TSS2_SYS_CONTEXT *sys;
  const uint8_t *response; /* the engine's; NULL when none is due */
  size_t response_size;
  struct vtpm_error *problem; /* why the engine gave no response */
};

static struct vtpm_engine_tcti *
from_context (TSS2_TCTI_CONTEXT *context)
{
  return (struct vtpm_engine_tcti *) context;
}

/* The engine changes the command in place, which is the caller's to keep.  */
static TSS2_RC
transmit (TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
  struct vtpm_engine_tcti *tcti = from_context (context);
  uint8_t copy[VTPM_TPM_MESSAGE_MAX];
  int result;

  if (tcti->response != NULL)
    return TSS2_TCTI_RC_BAD_SEQUENCE;
  if (size > sizeof (copy))
    return TSS2_TCTI_RC_BAD_VALUE;
  memcpy (copy, command, size);
  vtpm_error_free (vtpm_steal_pointer (&tcti->problem));
  result = vtpm_engine_process (tcti->engine, copy, size, &tcti->response, &tcti->response_size,
                                &tcti->problem);
  explicit_bzero (copy, size);
  return result < 0 ? TSS2_TCTI_RC_IO_ERROR : TSS2_RC_SUCCESS;
}

/* With a NULL buffer it only tells the size.  */
static TSS2_RC
receive (TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *response, int32_t timeout)
{
  struct vtpm_engine_tcti *tcti = from_context (context);
  size_t capacity = *size;

  (void) timeout;
  if (tcti->response == NULL)
    return TSS2_TCTI_RC_BAD_SEQUENCE;
  *size = tcti->response_size;
  if (response == NULL)
    return TSS2_RC_SUCCESS;
  if (capacity < tcti->response_size)
    return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
  memcpy (response, tcti->response, tcti->response_size);
  tcti->response = NULL;
  return TSS2_RC_SUCCESS;
}

int
vtpm_engine_tcti_new (struct vtpm_engine *engine, struct vtpm_engine_tcti **tcti,
                      struct vtpm_error **error)
{
  _cleanup_engine_tcti_ struct vtpm_engine_tcti *made = calloc (1, sizeof (*made));
  TSS2_ABI_VERSION version = TSS2_ABI_VERSION_CURRENT;
  size_t size = Tss2_Sys_GetContextSize (0);
  TSS2_RC code;

  if (made != NULL)
    made->sys = calloc (1, size);
  if (made == NULL || made->sys == NULL)
    return vtpm_error_set (error, ENOMEM, "cannot talk to the TPM");
  made->engine = engine;
  made->common = (TSS2_TCTI_CONTEXT_COMMON_V1) {
    .magic = TCTI_MAGIC,
    .version = 1,
    .transmit = transmit,
    .receive = receive,
  };
  code = Tss2_Sys_Initialize (made->sys, size, (TSS2_TCTI_CONTEXT *) made, &version);
  if (code != TSS2_RC_SUCCESS)
    return vtpm_error_set (error, 0, "tpm2-tss cannot be used: code 0x%x", code);
  *tcti = vtpm_steal_pointer (&made);
  return 0;
}

void
vtpm_engine_tcti_free (struct vtpm_engine_tcti *tcti)
{
  if (tcti == NULL)
    return;
  if (tcti->sys != NULL)
    Tss2_Sys_Finalize (tcti->sys);
  free (tcti->sys);
  vtpm_error_free (tcti->problem);
  free (tcti);
}

TSS2_SYS_CONTEXT *
vtpm_engine_tcti_sys (struct vtpm_engine_tcti *tcti)
{
  return tcti->sys;
}

int
vtpm_engine_tcti_check (struct vtpm_engine_tcti *tcti, TSS2_RC code, const char *what,
                        struct vtpm_error **error)
{
  if (code == TSS2_RC_SUCCESS)
    return 0;
  if (tcti->problem != NULL)
    {
      vtpm_error_pass (error, &tcti->problem);
      return vtpm_error_wrap (error, "%s", what);
    }
  return vtpm_error_set (error, 0, "%s was answered with code 0x%x", what, code);
}
