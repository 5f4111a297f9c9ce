/* The Java driver as a judge: Judge HOST PORT TABLE, see README.md. */
import com.datastax.oss.driver.api.core.CqlSession;
import com.datastax.oss.driver.api.core.CqlSessionBuilder;
import com.datastax.oss.driver.api.core.cql.BoundStatement;
import com.datastax.oss.driver.api.core.cql.PreparedStatement;
import com.datastax.oss.driver.api.core.metadata.TokenMap;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Judge {
	static final int WINDOW = 64;

	/* The token is said because the driver looks up no replicas of tablets without it: scylladb/java-driver#497. */
	static BoundStatement bind(TokenMap tokens, PreparedStatement statement, long id) {
		BoundStatement bound = statement.bind(id);

		return bound.setRoutingToken(tokens.newToken(bound.getRoutingKey()));
	}

	static void execute(CqlSession session, PreparedStatement statement, long requests) throws Throwable {
		TokenMap tokens = session.getMetadata().getTokenMap().get();
		Semaphore window = new Semaphore(WINDOW);
		AtomicReference<Throwable> failure = new AtomicReference<>();

		for (long id = 0; id < requests; id++) {
			window.acquire();
			session.executeAsync(bind(tokens, statement, id)).whenComplete((result, error) -> {
				if (error != null) failure.set(error);
				window.release();
			});
		}
		window.acquire(WINDOW);
		if (failure.get() != null) throw failure.get();
	}

	static SSLContext tls(String authority) throws Exception {
		KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
		TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
		SSLContext context = SSLContext.getInstance("TLS");

		store.load(null, null);
		try (InputStream file = new FileInputStream(authority)) {
			store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
		}
		trust.init(store);
		context.init(null, trust.getTrustManagers(), null);
		return context;
	}

	public static void main(String[] args) throws Throwable {
		InetSocketAddress node = new InetSocketAddress(args[0], Integer.parseInt(args[1]));
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));

		CqlSessionBuilder builder = CqlSession.builder().addContactPoint(node).withLocalDatacenter("dc1");

		if (System.getenv("CA") != null) builder.withSslContext(tls(System.getenv("CA")));
		try (CqlSession session = builder.build()) {
			Map<String, PreparedStatement> statements = Map.of(
				"write", session.prepare("INSERT INTO " + args[2] + " (s, id) VALUES ('x', ?)"),
				"lwt", session.prepare("INSERT INTO " + args[2] + " (s, id) VALUES ('x', ?) IF NOT EXISTS"),
				"read", session.prepare("SELECT s FROM " + args[2] + " WHERE id = ?"));

			System.out.println("ready");
			for (String line; (line = in.readLine()) != null; System.out.println("done")) {
				String[] words = line.split(" ");

				execute(session, statements.get(words[0]), Long.parseLong(words[1]));
			}
		}
	}
}
