// Compressed rows: build from triples, multiply, transpose, and solve.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int rows, columns;
  int *starts;
  int *indices;
  double *values;
} csr_matrix;

int csr_allocate(csr_matrix *m, int rows, int columns, int nonzeros) {
  m->rows = rows;
  m->columns = columns;
  m->starts = calloc((size_t)rows + 1, sizeof(int));
  m->indices = malloc(sizeof(int) * (size_t)nonzeros);
  m->values = malloc(sizeof(double) * (size_t)nonzeros);
  return m->starts && m->indices && m->values ? 0 : -1;
}

void csr_release(csr_matrix *m) {
  free(m->starts);
  free(m->indices);
  free(m->values);
  memset(m, 0, sizeof *m);
}

int csr_from_triples(csr_matrix *m, int rows, int columns, int count,
                     const int *row, const int *column, const double *value) {
  if (csr_allocate(m, rows, columns, count)) return -1;
  for (int k = 0; k < count; k++) m->starts[row[k] + 1]++;
  for (int i = 0; i < rows; i++) m->starts[i + 1] += m->starts[i];
  int *next = malloc(sizeof(int) * (size_t)rows);
  if (!next) {
    csr_release(m);
    return -1;
  }
  memcpy(next, m->starts, sizeof(int) * (size_t)rows);
  for (int k = 0; k < count; k++) {
    const int place = next[row[k]]++;
    m->indices[place] = column[k];
    m->values[place] = value[k];
  }
  free(next);
  return 0;
}

void csr_multiply(const csr_matrix *m, const double *x, double *y) {
  for (int i = 0; i < m->rows; i++) {
    double sum = 0.0;
    for (int k = m->starts[i]; k < m->starts[i + 1]; k++) {
      sum += m->values[k] * x[m->indices[k]];
    }
    y[i] = sum;
  }
}

void csr_multiply_transposed(const csr_matrix *m, const double *x, double *y) {
  memset(y, 0, sizeof(double) * (size_t)m->columns);
  for (int i = 0; i < m->rows; i++) {
    for (int k = m->starts[i]; k < m->starts[i + 1]; k++) {
      y[m->indices[k]] += m->values[k] * x[i];
    }
  }
}

double csr_diagonal(const csr_matrix *m, int row) {
  for (int k = m->starts[row]; k < m->starts[row + 1]; k++) {
    if (m->indices[k] == row) return m->values[k];
  }
  return 0.0;
}

int gauss_seidel(const csr_matrix *m, const double *b, double *x, int sweeps,
                 double omega) {
  for (int sweep = 0; sweep < sweeps; sweep++) {
    for (int i = 0; i < m->rows; i++) {
      double sum = b[i], diagonal = 0.0;
      for (int k = m->starts[i]; k < m->starts[i + 1]; k++) {
        const int j = m->indices[k];
        if (j == i) {
          diagonal = m->values[k];
        } else {
          sum -= m->values[k] * x[j];
        }
      }
      if (diagonal == 0.0) return i + 1;
      x[i] += omega * (sum / diagonal - x[i]);
    }
  }
  return 0;
}

// Slot k of row i is at k * rows + i, rows padded with column -1.
void ell_multiply(int rows, int width, const int32_t *columns,
                  const float *values, const float *x, float *y) {
  for (int i = 0; i < rows; i++) {
    float sum = 0.0f;
    for (int k = 0; k < width; k++) {
      const int32_t column = columns[k * rows + i];
      if (column < 0) break;
      sum += values[k * rows + i] * x[column];
    }
    y[i] = sum;
  }
}
