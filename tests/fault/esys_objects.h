/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_ESYS_OBJECTS_H
#define OCI_VTPM_FAULT_ESYS_OBJECTS_H

/* What the activities make through ESYS.  */

#include "client.h"

/* The one password in use.  */
extern const TPM2B_AUTH esys_password;

/* A storage key of elliptic curve P-256, from the seed of HIERARCHY
   (ESYS_TR_RH_...).  */
int esys_create_primary (struct client *client, ESYS_TR hierarchy, ESYS_TR *key,
                         struct vtpm_error **error);

/* An ECDSA key of P-256 below a new primary key, which is gone when this
   returns; authorised by the password.  The caller frees *PUBLIC (Esys_Free).  */
int esys_create_signing_key (struct client *client, ESYS_TR *key, TPM2B_PUBLIC **public,
                             struct vtpm_error **error);

/* An HMAC session that encrypts parameters with AES and outlives its commands.
   SALT or BIND may be ESYS_TR_NONE.  */
int esys_start_session (struct client *client, ESYS_TR salt, ESYS_TR bind, ESYS_TR *session,
                        struct vtpm_error **error);

/* Makes an NV index, in place of the one there was: of the owner's, with the
   password.  POLICY may be NULL.  */
int esys_define_nv (struct client *client, uint32_t handle, uint32_t attributes, uint16_t size,
                    const uint8_t policy[MODEL_DIGEST_SIZE], ESYS_TR *nv,
                    struct vtpm_error **error);

/* ESYS's name for an index that is there.  */
int esys_find_nv (struct client *client, uint32_t handle, ESYS_TR *nv, struct vtpm_error **error);

/* Flushes a session or an object unless it is ESYS_TR_NONE, which it then is.  */
int esys_flush (struct client *client, ESYS_TR *object, struct vtpm_error **error);

static inline void
esys_cleanup_free (void *pointer)
{
  Esys_Free (*(void **) pointer);
}

#define _cleanup_esys_ VTPM_CLEANUP (esys_cleanup_free)

#endif
