/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_RAW_TPM_H
#define OCI_VTPM_FAULT_RAW_TPM_H

/*
 * TPM 2.0 commands without a library between: what is sent is what stands here.
 * Each function is one command (Library Specification, part 3).  Authorisations
 * are empty passwords.  An answer that is not success is an error.
 */

#include "model.h"
#include "transport.h"

/* The random bytes of one RAW_GetRandom.  */
#define RAW_RANDOM_SIZE 16

/* The most that an NV index here holds, and that one command writes.  */
#define RAW_NV_SIZE_MAX 512

int raw_pcr_read (struct transport *transport, unsigned int pcr, uint8_t value[MODEL_DIGEST_SIZE],
                  uint32_t *update_counter, struct vtpm_error **error);
int raw_pcr_extend (struct transport *transport, unsigned int pcr,
                    const uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error);

struct raw_nv
{
  uint32_t handle;
  uint32_t attributes; /* TPMA_NV */
  uint16_t size;
};

/* *EXISTS is false when there is no such index.  *NV then is as it was.  */
int raw_nv_read_public (struct transport *transport, uint32_t handle, bool *exists,
                        struct raw_nv *nv, struct vtpm_error **error);
int raw_nv_define (struct transport *transport, const struct raw_nv *nv, struct vtpm_error **error);
int raw_nv_undefine (struct transport *transport, uint32_t handle, struct vtpm_error **error);
int raw_nv_write (struct transport *transport, const struct raw_nv *nv, const uint8_t *data,
                  struct vtpm_error **error);
int raw_nv_extend (struct transport *transport, const struct raw_nv *nv,
                   const uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error);
int raw_nv_increment (struct transport *transport, const struct raw_nv *nv,
                      struct vtpm_error **error);

/* All of the index: NV->size bytes.  */
int raw_nv_read (struct transport *transport, const struct raw_nv *nv, uint8_t *data,
                 struct vtpm_error **error);

int raw_get_random (struct transport *transport, uint8_t random[RAW_RANDOM_SIZE],
                    struct vtpm_error **error);

struct raw_clock
{
  uint64_t time;  /* milliseconds since the TPM was powered on */
  uint64_t clock; /* and in its life */
  uint32_t reset_count;
  uint32_t restart_count;
};

int raw_read_clock (struct transport *transport, struct raw_clock *clock,
                    struct vtpm_error **error);

/* A SHA-256 sequence object.  */
int raw_hash_start (struct transport *transport, uint32_t *sequence, struct vtpm_error **error);
int raw_hash_update (struct transport *transport, uint32_t sequence, const uint8_t *data,
                     size_t size, struct vtpm_error **error);

/* Also flushes it.  */
int raw_hash_complete (struct transport *transport, uint32_t sequence,
                       uint8_t digest[MODEL_DIGEST_SIZE], struct vtpm_error **error);

int raw_flush (struct transport *transport, uint32_t handle, struct vtpm_error **error);

#endif
