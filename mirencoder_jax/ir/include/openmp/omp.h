// The declarations of the OpenMP API that the programs use. Compilers turn
// pragmas into runtime calls without this header; nothing is linked.
#ifndef MIRENCODER_JAX_OMP_H_
#define MIRENCODER_JAX_OMP_H_

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  void *lock;
} omp_lock_t;

int omp_get_thread_num(void);
int omp_get_num_threads(void);
int omp_get_max_threads(void);
int omp_in_parallel(void);
void omp_set_num_threads(int num_threads);
double omp_get_wtime(void);
void omp_init_lock(omp_lock_t *lock);
void omp_set_lock(omp_lock_t *lock);
int omp_test_lock(omp_lock_t *lock);
void omp_unset_lock(omp_lock_t *lock);
void omp_destroy_lock(omp_lock_t *lock);

#ifdef __cplusplus
}
#endif

#endif  // MIRENCODER_JAX_OMP_H_
